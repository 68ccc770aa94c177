//! Messages of one bot as they come: how long they may be, and how much memory they take until they are whole.

use actix_codec::Decoder;
use actix_http::ws::{Codec, Frame, Item};
use actix_web::web::{Bytes, BytesMut};

use crate::memory::Share;

/// The largest message a bot may send: 5,000 topics are a tenth of it.
pub(super) const LARGEST: usize = 1 << 20;
/// What a frame has before its message, at most.
const HEAD: usize = 14;

/// Why no more is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// A message is longer than it may be.
    TooLong,
    /// All memory for messages is in use.
    NoRoom,
    /// A frame cannot be understood.
    Odd,
}

/// A whole message, or a frame that is none.
#[derive(Debug, PartialEq)]
pub(super) enum Whole {
    /// In one piece, and whether it is text.
    Message(bool, Bytes),
    Control(Frame),
    /// A part of a message.
    Part,
}

/// What has come of messages that are not handled yet. All that it holds has its room: for a frame that is taken as soon
/// as its head says how long it is, so that nothing grows piece by piece and leaves holes as large as itself.
pub(super) struct Reader {
    received: BytesMut,
    /// A message that comes in parts, and whether it is text.
    parts: Option<(bool, Vec<u8>)>,
    codec: Codec,
    room: Share,
}

impl Reader {
    pub(super) fn new(room: Share) -> Self {
        Self { received: BytesMut::new(), parts: None, codec: Codec::new().max_size(LARGEST), room }
    }

    /// Takes bytes in. What has come before has been looked at.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), NotTaken> {
        self.reserve(self.received.len() + bytes.len(), 0)?;
        self.received.extend_from_slice(bytes);
        Ok(())
    }

    /// Has room for the whole of a frame that has begun, and for the message that it is a part of.
    fn expect(&mut self, largest: usize) -> Result<(), NotTaken> {
        let Some(Announced { is_part, length }) = Announced::read(&self.received) else { return Ok(()) };
        let before = if is_part { self.parts.as_ref().map_or(0, |(_, known)| known.len()) } else { 0 };
        if length.saturating_add(before) > largest + HEAD {
            return Err(NotTaken::TooLong);
        }
        self.reserve(length.max(self.received.len()), if is_part { length.max(before / 4) } else { 0 })
    }

    /// Has room for so many received bytes, and for so many more of the message that comes in parts.
    fn reserve(&mut self, length: usize, part: usize) -> Result<(), NotTaken> {
        let parts = self.parts.as_ref().map_or(0, |(_, known)| known.capacity()) + part;
        if !self.room.grow_to(length.max(self.received.capacity()) + parts) {
            return Err(NotTaken::NoRoom);
        }
        if self.received.capacity() < length {
            // Exactly: what grows by itself takes twice what is counted.
            let mut longer = BytesMut::with_capacity(length);
            longer.extend_from_slice(&self.received);
            self.received = longer;
        }
        Ok(())
    }

    /// The next of what has come, of a message that is no longer than this; `None` when nothing of it is whole.
    ///
    /// The bound is asked for with each frame: a key and what it opens the way for may come in one piece.
    pub(super) fn next(&mut self, largest: usize) -> Result<Option<Whole>, NotTaken> {
        // Before it is taken apart: a frame that came whole in one piece has had no room for the message it is a part of.
        self.expect(largest)?;
        let Some(frame) = self.codec.decode(&mut self.received).map_err(|_| NotTaken::Odd)? else {
            self.give_room_back();
            return Ok(None);
        };
        Ok(Some(match frame {
            Frame::Text(bytes) => Whole::Message(true, bytes),
            Frame::Binary(bytes) => Whole::Message(false, bytes),
            Frame::Continuation(item) => self.part(item),
            control => Whole::Control(control),
        }))
    }

    fn part(&mut self, item: Item) -> Whole {
        match item {
            Item::FirstText(bytes) => self.parts = Some((true, bytes.to_vec())),
            Item::FirstBinary(bytes) => self.parts = Some((false, bytes.to_vec())),
            Item::Continue(bytes) => self.append(&bytes),
            Item::Last(bytes) => {
                self.append(&bytes);
                if let Some((is_text, known)) = self.parts.take() {
                    return Whole::Message(is_text, known.into());
                }
            }
        }
        Whole::Part
    }

    /// By a quarter at most: doubling would take twice what is counted.
    fn append(&mut self, bytes: &[u8]) {
        let Some((_, known)) = &mut self.parts else { return };
        if known.capacity() < known.len() + bytes.len() {
            known.reserve_exact(bytes.len().max(known.len() / 4));
        }
        known.extend_from_slice(bytes);
    }

    fn give_room_back(&mut self) {
        if self.received.is_empty() && self.parts.is_none() {
            self.room.give_back();
            // Emptied, it still holds all that it was.
            self.received = BytesMut::new();
        }
    }
}

/// What the head of a frame says.
struct Announced {
    /// It is a part of a message.
    is_part: bool,
    /// With its head.
    length: usize,
}

impl Announced {
    /// `None` until the length has come.
    fn read(received: &[u8]) -> Option<Self> {
        let (first, head) = (*received.first()?, HEAD - 10);
        let (head, length) = match received.get(1)? & 0x7f {
            126 => (head + 4, u64::from(u16::from_be_bytes(received.get(2..4)?.try_into().ok()?))),
            127 => (head + 10, u64::from_be_bytes(received.get(2..10)?.try_into().ok()?)),
            short => (head + 2, u64::from(short)),
        };
        let is_about_itself = first & 0x08 != 0;
        let is_part = !is_about_itself && (first & 0x80 == 0 || first & 0x0f == 0);
        let length = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(head);
        Some(Self { is_part, length })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::Memory;

    const MIB: usize = 1 << 20;
    /// What needs no room.
    const FREE: usize = 8 * 1024;

    fn head(first: u8, length: usize) -> Vec<u8> {
        [&[first, 0xff], (length as u64).to_be_bytes().as_slice(), &[0; 4]].concat()
    }

    fn frame(first: u8, content: &[u8]) -> Vec<u8> {
        [&head(first, content.len()), content].concat()
    }

    /// Takes these bytes as the network brings them.
    fn take(reader: &mut Reader, bytes: &[u8]) -> Result<Vec<Whole>, NotTaken> {
        let mut whole = vec![];
        for chunk in bytes.chunks(16 * 1024) {
            reader.take(chunk)?;
            while let Some(next) = reader.next(LARGEST)? {
                whole.push(next);
            }
        }
        Ok(whole)
    }

    fn held(reader: &Reader) -> usize {
        reader.received.capacity() + reader.parts.as_ref().map_or(0, |(_, known)| known.capacity())
    }

    #[test]
    fn a_message_has_its_room_from_its_first_bytes() {
        let memory = Memory::new(4 * MIB);
        let mut readers: Vec<Reader> = (0..5).map(|_| Reader::new(memory.for_request())).collect();
        for (nth, reader) in readers.iter_mut().enumerate() {
            let begun = [&head(0x81, MIB)[..], b"x"].concat();
            let want = if nth < 4 { Ok(0) } else { Err(NotTaken::NoRoom) };
            assert_eq!(take(reader, &begun).map(|whole| whole.len()), want, "{nth}");
        }
        let rest = take(&mut readers[0], &vec![b'x'; MIB - 1]).unwrap();
        assert!(matches!(&rest[..], [Whole::Message(true, text)] if text.len() == MIB), "{}", rest.len());
        drop(rest);
        assert!(matches!(readers[0].next(LARGEST), Ok(None)) && held(&readers[0]) == 0);
        let mut another = Reader::new(memory.for_request());
        assert_eq!(take(&mut another, &head(0x81, MIB)), Ok(vec![]), "its room is another's");
    }

    #[test]
    fn what_is_too_long_is_cut_off_at_its_head() {
        let memory = Memory::default();
        for (begun, want) in [
            (head(0x81, MIB), Ok(())),
            (head(0x81, MIB + 1), Err(NotTaken::TooLong)),
            (head(0x82, usize::MAX >> 1), Err(NotTaken::TooLong)),
            (head(0x82, usize::MAX), Err(NotTaken::TooLong)),
            ([frame(0x01, &vec![b'x'; MIB - 10]), head(0x00, 10)].concat(), Ok(())),
            ([frame(0x01, &vec![b'x'; MIB - 10]), head(0x80, 11)].concat(), Err(NotTaken::TooLong)),
            ([frame(0x01, &vec![b'x'; MIB - 10]), b"\x89\x80\0\0\0\0".to_vec()].concat(), Ok(())),
        ] {
            let mut reader = Reader::new(memory.for_request());
            assert_eq!(take(&mut reader, &begun).map(drop), want);
        }
        let mut reader = Reader::new(memory.for_request());
        reader.take(&head(0x81, 20_000)).unwrap();
        assert_eq!(reader.next(16 * 1024), Err(NotTaken::TooLong), "without a key");
    }

    #[test]
    fn parts_become_one_message() {
        let mut reader = Reader::new(Memory::default().for_request());
        let all = [
            frame(0x01, b"a"),
            frame(0x00, b"b"),
            b"\x8a\x80\0\0\0\0".to_vec(),
            frame(0x80, b"c"),
            frame(0x82, b"d"),
        ];
        let whole = take(&mut reader, &all.concat()).unwrap();
        let messages: Vec<&Whole> = whole.iter().filter(|one| matches!(one, Whole::Message(..))).collect();
        assert_eq!(messages, [&Whole::Message(true, "abc".into()), &Whole::Message(false, "d".into())]);
    }

    proptest! {
        #[test]
        fn whatever_comes_all_that_is_held_has_its_room(
            frames in proptest::collection::vec((any::<bool>(), 0usize..200_000), 1..12),
            cut in 1usize..40_000
        ) {
            let memory = Memory::new(4 * MIB);
            let mut reader = Reader::new(memory.for_request());
            let mut is_open = false;
            let mut all = vec![];
            for (ends, length) in frames {
                let first = u8::from(!is_open) | if ends { 0x80 } else { 0 };
                is_open = !ends;
                all.extend(frame(first, &vec![b'x'; length]));
            }
            for chunk in all.chunks(cut) {
                if reader.take(chunk).is_err() {
                    break;
                }
                while let Ok(Some(_)) = reader.next(LARGEST) {}
                let room = 4 * MIB - memory.left();
                prop_assert!(held(&reader) <= room + FREE, "{} in {room}", held(&reader));
            }
            drop(reader);
            prop_assert_eq!(memory.left(), 4 * MIB);
        }
    }
}
