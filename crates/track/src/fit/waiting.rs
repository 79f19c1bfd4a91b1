//! Where records of one layout begin that were seen and not yet read. Knows no layout.

use super::rows::Contiguous;

/// Records that wait: first so many one behind the other, then those with other messages between.
#[derive(Debug)]
pub(super) struct Waiting {
    first: usize,
    count: usize,
    /// All of them, once they are not one behind the other any more.
    starts: Vec<usize>,
}

impl Waiting {
    /// None yet, with room for so many.
    pub(super) fn for_rows(most: usize) -> Waiting {
        Waiting {
            first: 0,
            count: 0,
            starts: Vec::with_capacity(most),
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds so many rows of a length that lie one behind the other from this byte on.
    #[inline]
    pub(super) fn add(&mut self, from: usize, rows: usize, stride: usize) {
        if self.count == 0 {
            self.first = from;
        } else if !self.starts.is_empty() || from != self.first + self.count * stride {
            if self.starts.is_empty() {
                let before = 0..self.count;
                self.starts
                    .extend(before.map(|row| self.first + row * stride));
            }
            self.starts.extend((0..rows).map(|row| from + row * stride));
        }
        self.count += rows;
    }

    /// All rows, if they lie one behind the other.
    pub(super) fn contiguous<'d>(&self, data: &'d [u8], stride: usize) -> Option<Contiguous<'d>> {
        if !self.starts.is_empty() {
            return None;
        }
        let bytes = data.get(self.first..self.first + self.count * stride)?;
        Some(Contiguous::of(bytes, stride))
    }

    /// Where each row begins, if they do not lie one behind the other.
    pub(super) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// The bytes at which the rows begin, last one first.
    pub(super) fn backwards(&self, stride: usize) -> impl Iterator<Item = usize> + '_ {
        let rows = if self.starts.is_empty() {
            self.count
        } else {
            0
        };
        let one_by_one = self.starts.iter().rev().copied();
        one_by_one.chain((0..rows).rev().map(move |row| self.first + row * stride))
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.starts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_apart_from_rows_with_something_between() {
        let data: Vec<u8> = (0..20).collect();
        let mut waiting = Waiting::for_rows(4);
        waiting.add(2, 2, 3);
        waiting.add(8, 1, 3);
        assert_eq!(waiting.len(), 3);
        assert!(waiting.contiguous(&data, 3).is_some() && waiting.starts().is_empty());
        assert_eq!(waiting.backwards(3).collect::<Vec<_>>(), [8, 5, 2]);
        waiting.add(12, 2, 3);
        assert!(waiting.contiguous(&data, 3).is_none());
        assert_eq!(waiting.starts(), [2, 5, 8, 12, 15]);
        waiting.add(18, 1, 3);
        assert_eq!(waiting.backwards(3).next(), Some(18));
        assert_eq!(waiting.len(), 6);
        waiting.clear();
        waiting.add(1, 1, 3);
        assert_eq!(waiting.backwards(3).collect::<Vec<_>>(), [1]);
    }
}
