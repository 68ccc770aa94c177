//! What a client sends.

use crate::hsm::{
    BadFrame,
    bytes::{Cursor, fields, frame, push_text},
};

const AUTH: u8 = 1;
const ACK: u8 = 3;
const SUBSCRIBE: u8 = 4;
const UNSUBSCRIBE: u8 = 5;
const PAUSE: u8 = 7;
const RESUME: u8 = 8;
const PING: u8 = 11;
const MODE: u8 = 12;

/// The ping of all SDKs, which has no field count.
const PING_FRAME: [u8; 3] = [0, 1, PING];

/// How much of a symbol is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataMode {
    /// Last prices only (`L`).
    Lite,
    /// Everything (`F`).
    Full,
    /// As the 3.0.0 SDK asks (`N`).
    Normal,
}

impl DataMode {
    fn byte(self) -> u8 {
        match self {
            Self::Lite => b'L',
            Self::Full => b'F',
            Self::Normal => b'N',
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Lite, Self::Full, Self::Normal].into_iter().find(|mode| mode.byte() == byte)
    }
}

/// A frame from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// Type 1: who it is. Old SDKs put `APPID:TOKEN` where new ones put the `hsm_key` claim.
    Auth {
        /// The `hsm_key` claim of the access token. A secret.
        key: String,
        /// `P` in all SDKs.
        mode: String,
        /// Which program it is, as `PythonSDK-3.2.0`.
        source: String,
    },
    /// Type 3: the feed messages up to this number have come.
    Ack {
        /// The number.
        number: u32,
    },
    /// Type 4.
    Subscribe {
        /// As `sf|nse_cm|3045`.
        topics: Vec<String>,
        /// The channel, 1 to 64.
        channel: u8,
    },
    /// Type 5.
    Unsubscribe {
        /// As they were subscribed.
        topics: Vec<String>,
        /// The channel.
        channel: u8,
    },
    /// Type 7: nothing on these channels until they are resumed.
    Pause {
        /// A bit for each channel.
        channels: u64,
    },
    /// Type 8.
    Resume {
        /// A bit for each channel.
        channels: u64,
    },
    /// Type 11.
    Ping,
    /// Type 12.
    Mode {
        /// A bit for each channel.
        channels: u64,
        /// How much is sent.
        mode: DataMode,
    },
}

impl ClientFrame {
    /// Reads a message from a client.
    ///
    /// # Errors
    /// When it is no frame of a client.
    pub fn decode(message: &[u8]) -> Result<Self, BadFrame> {
        let mut cursor = Cursor(message);
        let (_length, kind) = (cursor.u16()?, cursor.u8()?);
        if kind == PING {
            return Ok(Self::Ping);
        }
        let fields = fields(&mut cursor)?;
        let field =
            |id: u8, name: &'static str| fields.get(&id).map(Vec::as_slice).ok_or(BadFrame::Field(name));
        let channels = || Ok(u64::from_be_bytes(exactly(field(1, "channels")?, "channels")?));
        match kind {
            AUTH => Ok(Self::Auth {
                key: text(field(1, "key")?, "key")?,
                mode: fields.get(&2).map_or(Ok(String::new()), |bytes| text(bytes, "mode"))?,
                source: fields.get(&4).map_or(Ok(String::new()), |bytes| text(bytes, "source"))?,
            }),
            ACK => Ok(Self::Ack { number: u32::from_be_bytes(exactly(field(1, "number")?, "number")?) }),
            SUBSCRIBE | UNSUBSCRIBE => {
                let topics = topics(field(1, "topics")?)?;
                let [channel] = exactly(field(2, "channel")?, "channel")?;
                let subscribes = kind == SUBSCRIBE;
                Ok(if subscribes {
                    Self::Subscribe { topics, channel }
                } else {
                    Self::Unsubscribe { topics, channel }
                })
            }
            PAUSE => Ok(Self::Pause { channels: channels()? }),
            RESUME => Ok(Self::Resume { channels: channels()? }),
            MODE => {
                let [byte] = exactly(field(2, "mode")?, "mode")?;
                let mode = DataMode::of(byte).ok_or(BadFrame::Field("mode"))?;
                Ok(Self::Mode { channels: channels()?, mode })
            }
            other => Err(BadFrame::Type(other)),
        }
    }

    /// The message for a server.
    ///
    /// At most 65,535 topics of at most 255 bytes each fit, and 65,535 bytes of them in all; more are left out. Sixty
    /// topics a message are what SDKs send at most.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Auth { key, mode, source } => {
                frame(AUTH, &[key.as_bytes(), mode.as_bytes(), &[1], source.as_bytes()])
            }
            Self::Ack { number } => frame(ACK, &[&number.to_be_bytes()]),
            Self::Subscribe { topics, channel } => frame(SUBSCRIBE, &[&topic_list(topics), &[*channel]]),
            Self::Unsubscribe { topics, channel } => frame(UNSUBSCRIBE, &[&topic_list(topics), &[*channel]]),
            Self::Pause { channels } => frame(PAUSE, &[&channels.to_be_bytes()]),
            Self::Resume { channels } => frame(RESUME, &[&channels.to_be_bytes()]),
            Self::Ping => PING_FRAME.to_vec(),
            Self::Mode { channels, mode } => frame(MODE, &[&channels.to_be_bytes(), &[mode.byte()]]),
        }
    }
}

fn exactly<const N: usize>(bytes: &[u8], name: &'static str) -> Result<[u8; N], BadFrame> {
    bytes.try_into().map_err(|_| BadFrame::Field(name))
}

fn text(bytes: &[u8], name: &'static str) -> Result<String, BadFrame> {
    String::from_utf8(bytes.to_vec()).map_err(|_| BadFrame::Field(name))
}

/// Count (2), then each topic with its length (1).
fn topics(bytes: &[u8]) -> Result<Vec<String>, BadFrame> {
    let mut cursor = Cursor(bytes);
    let count = cursor.u16()?;
    (0..count).map(|_| cursor.text()).collect()
}

fn topic_list(topics: &[String]) -> Vec<u8> {
    let (mut out, mut count) = (vec![0, 0], 0u16);
    for topic in topics {
        let fits =
            out.len() + 1 + topic.len() <= usize::from(u16::MAX) && topic.len() <= usize::from(u8::MAX);
        if fits && count < u16::MAX {
            push_text(&mut out, topic);
            count += 1;
        }
    }
    out.splice(..2, count.to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = ClientFrame> {
        let topics = || proptest::collection::vec("[a-z]{2}\\|[a-z_]{3,6}\\|[0-9a-zA-Z ]{1,20}", 0..60);
        let mode = prop_oneof![Just(DataMode::Lite), Just(DataMode::Full), Just(DataMode::Normal)];
        prop_oneof![
            (".{0,80}", "[A-Z]{0,2}", ".{0,30}").prop_map(|(key, mode, source)| ClientFrame::Auth {
                key,
                mode,
                source
            }),
            any::<u32>().prop_map(|number| ClientFrame::Ack { number }),
            (topics(), any::<u8>()).prop_map(|(topics, channel)| ClientFrame::Subscribe { topics, channel }),
            (topics(), any::<u8>())
                .prop_map(|(topics, channel)| ClientFrame::Unsubscribe { topics, channel }),
            any::<u64>().prop_map(|channels| ClientFrame::Pause { channels }),
            any::<u64>().prop_map(|channels| ClientFrame::Resume { channels }),
            Just(ClientFrame::Ping),
            (any::<u64>(), mode).prop_map(|(channels, mode)| ClientFrame::Mode { channels, mode }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_whatever_the_length_says(frame in frames(), length: u16) {
            let mut bytes = frame.encode();
            prop_assert_eq!(ClientFrame::decode(&bytes), Ok(frame.clone()));
            bytes.splice(..2, length.to_be_bytes());
            prop_assert_eq!(ClientFrame::decode(&bytes), Ok(frame));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..14) {
            let _ = ClientFrame::decode(&bytes);
            let _ = ClientFrame::decode(&[&[0, 0, kind], bytes.as_slice()].concat());
        }

        #[test]
        fn a_frame_cut_short_is_an_error(frame in frames(), part in 0.0f64..1.0) {
            let bytes = frame.encode();
            let cut = (bytes.len() as f64 * part) as usize;
            prop_assert!(ClientFrame::decode(&bytes[..cut]).is_err() || frame == ClientFrame::Ping);
        }
    }

    #[test]
    fn frames_of_the_official_sdk_are_read() {
        assert_eq!(ClientFrame::decode(&[0, 1, 11]), Ok(ClientFrame::Ping));
        assert_eq!(ClientFrame::Ping.encode(), [0, 1, 11]);
        // A subscription whose length says 203, as the Python SDK sends it.
        let topic = b"sf|nse_cm|3045";
        let mut bytes = vec![0, 203, 4, 2, 1, 0, 17, 0, 1, 14];
        bytes.extend_from_slice(topic);
        bytes.extend_from_slice(&[2, 0, 1, 11]);
        let topics = vec!["sf|nse_cm|3045".to_owned()];
        assert_eq!(ClientFrame::decode(&bytes), Ok(ClientFrame::Subscribe { topics, channel: 11 }));
        // A mode frame whose length is zero.
        let mode = [0, 0, 12, 2, 1, 0, 8, 0, 0, 0, 0, 0, 0, 8, 0, 2, 0, 1, 70];
        assert_eq!(
            ClientFrame::decode(&mode),
            Ok(ClientFrame::Mode { channels: 1 << 11, mode: DataMode::Full })
        );
        assert_eq!(ClientFrame::decode(&[0, 0, 6, 0]), Err(BadFrame::Type(6)));
    }

    #[test]
    fn a_count_does_not_claim_memory() {
        let claims = [0, 0, 4, 2, 1, 0, 2, 255, 255, 2, 0, 1, 11];
        assert_eq!(ClientFrame::decode(&claims), Err(BadFrame::Short));
    }
}
