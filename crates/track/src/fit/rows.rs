//! Where data messages of one layout lie in a file: one behind the other, or with others between. Knows no layout.

/// Data messages of one layout and length, each with its header byte.
pub(super) trait Rows<'a>: Copy {
    /// How many there are.
    fn count(self) -> usize;

    /// What each row holds from this byte on; the header is byte 0. More may follow behind the row's own end.
    fn at_byte(
        self,
        at: usize,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone;

    /// The content of one row, behind its header.
    fn content(self, index: usize) -> Option<&'a [u8]>;

    /// The first rows, and the rest.
    fn split(self, count: usize) -> (Self, Self);
}

/// Rows one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Contiguous<'a> {
    bytes: &'a [u8],
    stride: usize,
}

/// Rows with other messages between them.
#[derive(Clone, Copy)]
pub(super) struct Scattered<'a> {
    data: &'a [u8],
    starts: &'a [usize],
}

impl<'a> Contiguous<'a> {
    /// The rows of a length in these bytes.
    pub(super) fn of(bytes: &'a [u8], stride: usize) -> Contiguous<'a> {
        Contiguous { bytes, stride }
    }
}

impl<'a> Scattered<'a> {
    /// The rows that begin at these bytes.
    pub(super) fn of(data: &'a [u8], starts: &'a [usize]) -> Scattered<'a> {
        Scattered { data, starts }
    }
}

impl<'a> Rows<'a> for Contiguous<'a> {
    fn count(self) -> usize {
        self.bytes.len() / self.stride
    }

    fn at_byte(
        self,
        at: usize,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone {
        // Rows of one known length: where a field lies is checked once for all of them.
        let row = move |row: &'a [u8]| row.get(at..).unwrap_or_default();
        self.bytes.chunks_exact(self.stride).map(row)
    }

    fn content(self, index: usize) -> Option<&'a [u8]> {
        self.bytes.chunks_exact(self.stride).nth(index)?.get(1..)
    }

    fn split(self, count: usize) -> (Self, Self) {
        let at = (count * self.stride).min(self.bytes.len());
        let (first, rest) = self.bytes.split_at(at);
        let part = |bytes| Contiguous { bytes, ..self };
        (part(first), part(rest))
    }
}

impl<'a> Rows<'a> for Scattered<'a> {
    fn count(self) -> usize {
        self.starts.len()
    }

    fn at_byte(
        self,
        at: usize,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone {
        let data = self.data;
        let row = move |start: &usize| data.get(*start + at..).unwrap_or_default();
        self.starts.iter().map(row)
    }

    fn content(self, index: usize) -> Option<&'a [u8]> {
        self.data.get(self.starts.get(index)? + 1..)
    }

    fn split(self, count: usize) -> (Self, Self) {
        let (first, rest) = self.starts.split_at(count.min(self.starts.len()));
        let part = |starts| Scattered { starts, ..self };
        (part(first), part(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<'a>(rows: impl Rows<'a>) {
        let firsts = |rows: &dyn Fn() -> Vec<u8>| rows();
        assert_eq!(rows.count(), 3);
        assert_eq!(
            firsts(&|| rows
                .at_byte(1)
                .filter_map(|row| row.first().copied())
                .collect()),
            [1, 4, 7]
        );
        let (first, rest) = rows.split(1);
        assert_eq!((first.count(), rest.count()), (1, 2));
        assert_eq!(rest.at_byte(2).next().and_then(<[u8]>::first), Some(&5));
        assert_eq!(rest.content(1).and_then(<[u8]>::first), Some(&7));
        assert!(rest.content(2).is_none());
    }

    #[test]
    fn rows_one_behind_the_other_or_not() {
        let data: Vec<u8> = (0..9).collect();
        check(Contiguous::of(&data, 3));
        check(Scattered::of(&data, &[0, 3, 6]));
    }
}
