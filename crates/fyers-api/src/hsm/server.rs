//! What a server sends.

use std::collections::BTreeMap;

use crate::hsm::{
    BadFrame, Feed,
    bytes::{Cursor, fields, frame},
    feed,
};

const AUTH: u8 = 1;
const FEED: u8 = 6;
const NOTICE: u8 = 51;

/// Frame types that are answered with a `K` and nothing else.
const PLAIN: [(u8, ServerReply); 5] = [
    (4, ServerReply::Subscribe),
    (5, ServerReply::Unsubscribe),
    (7, ServerReply::Pause),
    (8, ServerReply::Resume),
    (12, ServerReply::Mode),
];

/// The text of a good answer.
const OK: &[u8] = b"K";

/// What a plain answer is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerReply {
    /// Type 4.
    Subscribe,
    /// Type 5.
    Unsubscribe,
    /// Type 7.
    Pause,
    /// Type 8.
    Resume,
    /// Type 12.
    Mode,
}

/// A frame from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// Type 1: the answer to an authentication.
    Auth {
        /// Whether the key is good.
        is_ok: bool,
        /// After how many feed messages an acknowledgement is wanted; 0 for none.
        ack_every: u32,
        /// What the fields of prices are called, see [`field_names`](crate::hsm::field_names); most clients know it.
        names: Option<String>,
    },
    /// The answer to a request that has no other answer.
    Done {
        /// To what.
        to: ServerReply,
        /// Whether it was carried out.
        is_ok: bool,
    },
    /// Type 6: prices.
    Feed(Feed),
    /// Type 51: a notice, as that the plan's number of symbols is used up.
    Notice {
        /// As 51001: the symbol limit.
        code: i32,
        /// In words.
        message: String,
        /// What it is about.
        about: u8,
    },
}

impl ServerFrame {
    /// Reads a message from a server.
    ///
    /// # Errors
    /// When it is no frame of a server.
    pub fn decode(message: &[u8]) -> Result<Self, BadFrame> {
        let mut cursor = Cursor(message);
        let (_length, kind) = (cursor.u16()?, cursor.u8()?);
        if kind == FEED {
            return feed::decode(&mut cursor).map(Self::Feed);
        }
        let plain = PLAIN.iter().find(|(number, _)| *number == kind);
        if plain.is_none() && ![AUTH, NOTICE].contains(&kind) {
            return Err(BadFrame::Type(kind));
        }
        let fields = fields(&mut cursor)?;
        let is_ok = || fields.get(&1).map(|bytes| bytes.as_slice() == OK).ok_or(BadFrame::Field("answer"));
        match plain {
            Some((_, to)) => Ok(Self::Done { to: *to, is_ok: is_ok()? }),
            None if kind == AUTH => {
                Ok(Self::Auth { is_ok: is_ok()?, ack_every: ack_every(&fields)?, names: names(&fields) })
            }
            None => notice(&fields),
        }
    }

    /// The message for a client.
    pub fn encode(&self) -> Vec<u8> {
        let word = |is_ok: bool| if is_ok { OK } else { b"N".as_slice() };
        match self {
            Self::Auth { is_ok, ack_every, names } => {
                let (word, ack_every) = (word(*is_ok), ack_every.to_be_bytes());
                match names {
                    None => frame(AUTH, &[word, &ack_every]),
                    Some(names) => frame(AUTH, &[word, &ack_every, names.as_bytes()]),
                }
            }
            Self::Done { to, is_ok } => {
                let kind = PLAIN.iter().find(|(_, reply)| reply == to).map_or(0, |(kind, _)| *kind);
                frame(kind, &[word(*is_ok)])
            }
            Self::Feed(feed) => feed::encode(feed),
            Self::Notice { code, message, about } => {
                frame(NOTICE, &[&code.to_be_bytes(), message.as_bytes(), &[*about]])
            }
        }
    }
}

/// A refused authentication may come without it.
fn ack_every(fields: &BTreeMap<u8, Vec<u8>>) -> Result<u32, BadFrame> {
    let Some(bytes) = fields.get(&2) else { return Ok(0) };
    let bytes = bytes.as_slice().try_into().map_err(|_| BadFrame::Field("acknowledgements"))?;
    Ok(u32::from_be_bytes(bytes))
}

fn names(fields: &BTreeMap<u8, Vec<u8>>) -> Option<String> {
    fields.get(&3).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn notice(fields: &BTreeMap<u8, Vec<u8>>) -> Result<ServerFrame, BadFrame> {
    let code = fields.get(&1).and_then(|bytes| bytes.as_slice().try_into().ok());
    let message = fields.get(&2).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Ok(ServerFrame::Notice {
        code: code.map(i32::from_be_bytes).ok_or(BadFrame::Field("code"))?,
        message: message.unwrap_or_default(),
        about: fields.get(&3).and_then(|bytes| bytes.first()).copied().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = ServerFrame> {
        let reply = prop::sample::select(PLAIN.map(|(_, reply)| reply).to_vec());
        prop_oneof![
            (any::<bool>(), any::<u32>(), proptest::option::of(".{0,60}"))
                .prop_map(|(is_ok, ack_every, names)| ServerFrame::Auth { is_ok, ack_every, names }),
            (reply, any::<bool>()).prop_map(|(to, is_ok)| ServerFrame::Done { to, is_ok }),
            (any::<i32>(), ".{0,60}", any::<u8>()).prop_map(|(code, message, about)| ServerFrame::Notice {
                code,
                message,
                about
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_whatever_the_length_says(frame in frames(), length: u16) {
            let mut bytes = frame.encode();
            bytes.splice(..2, length.to_be_bytes());
            prop_assert_eq!(ServerFrame::decode(&bytes), Ok(frame));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..60) {
            let _ = ServerFrame::decode(&bytes);
            let _ = ServerFrame::decode(&[&[0, 0, kind], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn an_answer_other_than_k_is_a_refusal() {
        let answer = |word: &[u8]| ServerFrame::decode(&frame(1, &[word])).unwrap();
        assert_eq!(answer(b"K"), ServerFrame::Auth { is_ok: true, ack_every: 0, names: None });
        assert_eq!(answer(b"X"), ServerFrame::Auth { is_ok: false, ack_every: 0, names: None });
        assert_eq!(ServerFrame::decode(&[0, 2, 4, 0]), Err(BadFrame::Field("answer")));
        assert_eq!(ServerFrame::decode(&[0, 2, 99, 0]), Err(BadFrame::Type(99)));
    }
}
