//! Feed frames: snapshots, updates and lite updates.

use super::frame::with_length;

/// A value that is absent from an update: it has not changed.
const ABSENT: i32 = i32::MIN;
/// Frames stay below this many bytes.
const LARGEST: usize = 60_000;
/// Type of a feed frame.
const FEED: u8 = 6;

/// One record of a feed frame.
#[derive(Clone, Debug)]
pub(crate) struct Record(Vec<u8>);

impl Record {
    /// `S`: all values of a topic, its id on this connection, and what it stands for.
    pub(crate) fn snapshot(id: u16, topic: &str, values: &[i32], names: [&str; 3]) -> Self {
        let mut bytes = vec![b'S'];
        bytes.extend(id.to_le_bytes());
        push_text(&mut bytes, topic);
        push_values(&mut bytes, values);
        bytes.extend([0, 0]);
        bytes.extend(1_u16.to_be_bytes());
        bytes.push(2);
        names.iter().for_each(|name| push_text(&mut bytes, name));
        Self(bytes)
    }

    /// `U`: the values that differ from those sent before.
    pub(crate) fn update(id: u16, before: &[i32], values: &[i32]) -> Self {
        let mut bytes = vec![b'U'];
        bytes.extend(id.to_le_bytes());
        let changed = |(new, old): (&i32, &i32)| if new == old { ABSENT } else { *new };
        push_values(&mut bytes, &values.iter().zip(before).map(changed).collect::<Vec<_>>());
        Self(bytes)
    }

    /// `L`: the last price only.
    pub(crate) fn lite(id: u16, ltp: i32) -> Self {
        let mut bytes = vec![b'L'];
        bytes.extend(id.to_le_bytes());
        bytes.extend(ltp.to_be_bytes());
        Self(bytes)
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let length = text.len().min(usize::from(u8::MAX));
    bytes.extend(u8::try_from(length));
    bytes.extend(&text.as_bytes()[..length]);
}

fn push_values(bytes: &mut Vec<u8>, values: &[i32]) {
    bytes.extend(u8::try_from(values.len()));
    values.iter().for_each(|value| bytes.extend(value.to_be_bytes()));
}

/// Numbers feed frames and fills them with records.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    last_number: u32,
}

impl Feed {
    /// Frames that hold these records; none when there are no records.
    pub(crate) fn frames(&mut self, records: &[Record]) -> Vec<Vec<u8>> {
        let (mut frames, mut start, mut size) = (Vec::new(), 0, 0);
        for (place, record) in records.iter().enumerate() {
            if size + record.0.len() > LARGEST {
                frames.push(self.frame(&records[start..place]));
                (start, size) = (place, 0);
            }
            size += record.0.len();
        }
        if start < records.len() {
            frames.push(self.frame(&records[start..]));
        }
        frames
    }

    fn frame(&mut self, records: &[Record]) -> Vec<u8> {
        self.last_number = self.last_number.wrapping_add(1);
        let mut body = vec![FEED];
        body.extend(self.last_number.to_be_bytes());
        body.extend(u16::try_from(records.len()).unwrap_or(u16::MAX).to_be_bytes());
        records.iter().for_each(|record| body.extend(&record.0));
        with_length(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_records_go_into_several_numbered_frames() {
        let records: Vec<_> = (0..2_000).map(|id| Record::update(id, &[0; 21], &[1; 21])).collect();
        let frames = Feed::default().frames(&records);
        let count = |frame: &Vec<u8>| u32::from(u16::from_be_bytes([frame[7], frame[8]]));
        assert_eq!(frames.iter().map(count).sum::<u32>(), 2_000);
        assert!(frames.len() > 1 && frames.iter().all(|frame| frame.len() < 65_000));
        assert_eq!(frames[1][3..7], 2_u32.to_be_bytes());
    }
}
