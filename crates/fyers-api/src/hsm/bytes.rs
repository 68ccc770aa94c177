//! Reading and writing the pieces of a frame.

use std::collections::BTreeMap;

use crate::hsm::BadFrame;

/// Takes bytes from the front.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], BadFrame> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BadFrame::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadFrame> {
        self.take(N)?.try_into().map_err(|_| BadFrame::Short)
    }

    pub(super) fn u8(&mut self) -> Result<u8, BadFrame> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, BadFrame> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, BadFrame> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, BadFrame> {
        self.array().map(i32::from_be_bytes)
    }

    /// A text with its length in one byte.
    pub(super) fn text(&mut self) -> Result<String, BadFrame> {
        let length = self.u8()?;
        let bytes = self.take(usize::from(length))?;
        String::from_utf8(bytes.to_vec()).map_err(|_| BadFrame::Field("text"))
    }
}

/// The fields of a frame by their ids: id (1), length (2), bytes. Bytes behind the announced number of fields are
/// passed over; of two fields with one id the last one counts.
pub(super) fn fields(cursor: &mut Cursor<'_>) -> Result<BTreeMap<u8, Vec<u8>>, BadFrame> {
    let count = cursor.u8()?;
    let mut found = BTreeMap::new();
    for _ in 0..count {
        let (id, length) = (cursor.u8()?, cursor.u16()?);
        found.insert(id, cursor.take(usize::from(length))?.to_vec());
    }
    Ok(found)
}

/// A frame of this type with these fields, ids counted from 1, and the right length in front.
pub(super) fn frame(kind: u8, fields: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0, 0, kind, u8::try_from(fields.len()).unwrap_or(u8::MAX)];
    for (id, bytes) in (1u8..).zip(fields) {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        out.push(id);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&bytes[..usize::from(length)]);
    }
    with_length(out)
}

/// Writes the number of bytes behind the length into the first two.
pub(super) fn with_length(mut out: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(out.len().saturating_sub(2)).unwrap_or(u16::MAX);
    out.splice(..2, length.to_be_bytes());
    out
}

/// A text with its length in one byte; longer ones are cut at a character.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(usize::from(u8::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    out.push(u8::try_from(end).unwrap_or(u8::MAX));
    out.extend_from_slice(&text.as_bytes()[..end]);
}
