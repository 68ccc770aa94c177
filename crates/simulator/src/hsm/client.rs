//! Messages of the client. Their length prefix is ignored, because official SDKs send wrong ones.

use std::collections::BTreeMap;

/// One binary message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientMessage {
    /// Type 1: the `hsm_key` claim or, from old SDKs, `APPID:JWT`; and the name of the client.
    Auth { key: String, source: String },
    /// Type 3: feed messages up to this number were received.
    Ack(u32),
    /// Type 4.
    Subscribe { topics: Vec<String>, channel: u8 },
    /// Type 5.
    Unsubscribe { topics: Vec<String>, channel: u8 },
    /// Type 7: no more updates on these channels.
    Pause(u64),
    /// Type 8: updates again.
    Resume(u64),
    /// Type 11: keep-alive.
    Ping,
    /// Type 12: full or lite updates on these channels.
    Mode { channels: u64, lite: bool },
}

impl ClientMessage {
    /// `None` when the message is malformed or of an unknown type.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let kind = *bytes.get(2)?;
        if kind == 11 {
            return Some(Self::Ping);
        }
        let fields = fields(bytes.get(3..)?)?;
        match kind {
            1 => Some(Self::Auth { key: text(&fields, 1)?, source: text(&fields, 4).unwrap_or_default() }),
            3 => number(&fields, 1).and_then(|number| u32::try_from(number).ok()).map(Self::Ack),
            4 => Some(Self::Subscribe { topics: topics(&fields)?, channel: channel(&fields) }),
            5 => Some(Self::Unsubscribe { topics: topics(&fields)?, channel: channel(&fields) }),
            7 => number(&fields, 1).map(Self::Pause),
            8 => number(&fields, 1).map(Self::Resume),
            12 => Some(Self::Mode { channels: number(&fields, 1)?, lite: number(&fields, 2)? == 76 }),
            _ => None,
        }
    }
}

type Fields<'a> = BTreeMap<u8, &'a [u8]>;

/// Splits `count, {id, u16 length, bytes}*`.
fn fields(bytes: &[u8]) -> Option<Fields<'_>> {
    let (count, mut rest) = bytes.split_first()?;
    let mut found = Fields::new();
    for _ in 0..*count {
        let (id, length) = (*rest.first()?, u16::from_be_bytes(rest.get(1..3)?.try_into().ok()?));
        let end = 3 + usize::from(length);
        found.insert(id, rest.get(3..end)?);
        rest = rest.get(end..)?;
    }
    Some(found)
}

fn text(fields: &Fields<'_>, id: u8) -> Option<String> {
    String::from_utf8(fields.get(&id)?.to_vec()).ok()
}

/// A big-endian number of up to eight bytes.
fn number(fields: &Fields<'_>, id: u8) -> Option<u64> {
    let bytes = fields.get(&id).filter(|bytes| bytes.len() <= 8)?;
    Some(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

fn channel(fields: &Fields<'_>) -> u8 {
    number(fields, 2).and_then(|channel| u8::try_from(channel).ok()).unwrap_or(11)
}

/// Splits `u16 count, {u8 length, topic}*`.
fn topics(fields: &Fields<'_>) -> Option<Vec<String>> {
    let bytes = fields.get(&1)?;
    let count = u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?);
    let mut rest = bytes.get(2..)?;
    let mut found = Vec::new();
    for _ in 0..count {
        let end = 1 + usize::from(*rest.first()?);
        found.push(String::from_utf8(rest.get(1..end)?.to_vec()).ok()?);
        rest = rest.get(end..)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_python_sdk_are_understood() {
        assert_eq!(ClientMessage::parse(&[0, 1, 11]), Some(ClientMessage::Ping));
        let subscribe = b"\x00\xcb\x04\x02\x01\x00\x11\x00\x01\x0esf|nse_cm|3045\x02\x00\x01\x0b";
        let topics = vec!["sf|nse_cm|3045".to_owned()];
        assert_eq!(ClientMessage::parse(subscribe), Some(ClientMessage::Subscribe { topics, channel: 11 }));
        let mode = b"\x00\x00\x0c\x02\x01\x00\x08\x00\x00\x00\x00\x00\x00\x08\x00\x02\x00\x01L";
        assert_eq!(ClientMessage::parse(mode), Some(ClientMessage::Mode { channels: 1 << 11, lite: true }));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole = b"\x00\xcb\x04\x02\x01\x00\x11\x00\x01\x0esf|nse_cm|3045\x02\x00\x01\x0b";
        for length in 0..whole.len() {
            assert_eq!(ClientMessage::parse(&whole[..length]), None, "{length} bytes");
        }
        for seed in 0_u32..2_000 {
            let noise: Vec<u8> = (0..seed % 40).map(|n| (seed.wrapping_mul(n + 7) >> 3) as u8).collect();
            let _parsed = ClientMessage::parse(&noise);
        }
    }
}
