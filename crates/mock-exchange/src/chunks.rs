//! A list that grows without ever moving what is in it: no moment at which a million orders are copied, and no room kept
//! for a million more.

/// Values in one piece.
const PIECE: usize = 1_024;

/// A list in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunks<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { pieces: vec![] }
    }
}

impl<T> Chunks<T> {
    /// How many there are: all pieces but the last are full.
    pub(crate) fn len(&self) -> usize {
        let full = self.pieces.len().saturating_sub(1);
        full * PIECE + self.pieces.last().map_or(0, Vec::len)
    }

    pub(crate) fn push(&mut self, value: T) {
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(value),
            // The first piece grows with what is in it: a quiet day takes little room.
            None => self.pieces.push(vec![value]),
            Some(_) => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(value);
                self.pieces.push(piece);
            }
        }
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.pieces.get(at / PIECE)?.get(at % PIECE)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.pieces.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.pieces.last()?.last()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// From this place on.
    pub(crate) fn iter_from(&self, at: usize) -> impl Iterator<Item = &T> {
        let (piece, inner) = (at / PIECE, at % PIECE);
        let first = self.pieces.get(piece).and_then(|piece| piece.get(inner..)).unwrap_or_default();
        first.iter().chain(self.pieces.iter().skip(piece + 1).flatten())
    }

    /// The first place whose value is not before what is looked for, in a list that is in order.
    pub(crate) fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        let piece = self.pieces.partition_point(|piece| piece.last().is_some_and(&mut is_before));
        let inner = self.pieces.get(piece).map_or(0, |piece| piece.partition_point(&mut is_before));
        (piece * PIECE + inner).min(self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list() {
        for count in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let mut chunks = Chunks::default();
            (0..count).for_each(|value| chunks.push(value));
            assert_eq!(chunks.len(), count);
            assert!(chunks.iter().copied().eq(0..count));
            assert!(chunks.iter().rev().copied().eq((0..count).rev()));
            for at in [0, 1, PIECE - 1, PIECE, count / 2, count] {
                assert_eq!(chunks.get(at).copied(), (at < count).then_some(at));
                assert!(chunks.iter_from(at).copied().eq(at..count), "{count} from {at}");
                assert_eq!(chunks.partition_point(|value| *value < at), at.min(count));
            }
        }
    }
}
