//! One column of points: one value a point, with a way to say "absent". Knows no meaning.

/// Stands for an absent time.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// A value that has a way to say "absent" by itself.
pub(crate) trait Cell: Copy {
    const ABSENT: Self;
    fn is_absent(self) -> bool;
}

impl Cell for f64 {
    const ABSENT: f64 = f64::NAN;
    fn is_absent(self) -> bool {
        self.is_nan()
    }
}

impl Cell for f32 {
    const ABSENT: f32 = f32::NAN;
    fn is_absent(self) -> bool {
        self.is_nan()
    }
}

impl Cell for i64 {
    const ABSENT: i64 = NO_TIME;
    fn is_absent(self) -> bool {
        self == NO_TIME
    }
}

/// One column: empty until its first value comes, then as long as the points.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column<T>(Vec<T>);

impl<T: Cell> Column<T> {
    /// Adds a value behind `before` points, with room for `expected`.
    #[inline]
    pub(crate) fn push(&mut self, before: usize, expected: usize, value: T) {
        if self.0.is_empty() {
            if value.is_absent() {
                return;
            }
            self.fill(before, expected);
        }
        self.0.push(value);
    }

    /// Adds many values behind `before` points. A column that is absent stays so unless one of them is there.
    #[inline]
    pub(crate) fn extend(
        &mut self,
        before: usize,
        expected: usize,
        values: impl Iterator<Item = T> + Clone,
    ) {
        if self.0.is_empty() {
            if values.clone().all(Cell::is_absent) {
                return;
            }
            self.fill(before, expected);
        }
        self.0.extend(values);
    }

    /// [`Column::extend`] for two columns whose values come, or are absent, together.
    pub(crate) fn extend_both(
        &mut self,
        other: &mut Column<T>,
        (before, expected): (usize, usize),
        values: impl Iterator<Item = (T, T)> + Clone,
    ) {
        if self.0.is_empty() {
            if values.clone().all(|(value, _)| value.is_absent()) {
                return;
            }
            self.fill(before, expected);
            other.fill(before, expected);
        }
        let mut both = (std::mem::take(&mut self.0), std::mem::take(&mut other.0));
        both.extend(values);
        (self.0, other.0) = both;
    }

    /// Makes room for so many points in a column that is still empty.
    pub(crate) fn expect(&mut self, expected: usize) {
        if self.0.is_empty() {
            self.0.reserve(expected);
        }
    }

    /// Makes the column as long as the points again, after some were added without it.
    pub(crate) fn pad(&mut self, length: usize) {
        if !self.0.is_empty() && self.0.len() < length {
            self.0.resize(length, T::ABSENT);
        }
    }

    #[cold]
    fn fill(&mut self, before: usize, expected: usize) {
        self.0.reserve(before.saturating_add(64).max(expected));
        self.0.resize(before, T::ABSENT);
    }

    /// The value at an index, if it is there.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<T> {
        self.0
            .get(index)
            .copied()
            .filter(|value| !value.is_absent())
    }

    /// Puts a value into the last of `length` points, unless it is absent.
    pub(crate) fn amend(&mut self, length: usize, value: T) {
        if value.is_absent() || length == 0 {
            return;
        }
        self.set(length, length - 1, value);
    }

    /// Puts a value at an index of `length` points.
    pub(crate) fn set(&mut self, length: usize, index: usize, value: T) {
        if self.0.is_empty() {
            self.0.resize(length, T::ABSENT);
        }
        if let Some(cell) = self.0.get_mut(index) {
            *cell = value;
        }
    }

    /// Whether any point has a value.
    pub(crate) fn has_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The cells, none or as many as points.
    pub(crate) fn cells(&self) -> &[T] {
        &self.0
    }

    /// The values that are there.
    pub(crate) fn values(&self) -> impl Iterator<Item = T> + '_ {
        self.0.iter().copied().filter(|value| !value.is_absent())
    }

    /// Gives room back that was reserved and not used.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Bytes that one more point takes in this column.
    pub(crate) fn width(&self) -> usize {
        if self.0.is_empty() { 0 } else { size_of::<T>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_columns_stay_empty() {
        let mut column = Column::default();
        column.push(3, 0, f64::NAN);
        column.extend(3, 0, [f64::NAN; 4].into_iter());
        assert!(!column.has_any() && column.width() == 0);
        column.extend(2, 0, [f64::NAN, 7.0].into_iter());
        assert_eq!(column.cells().len(), 4);
        assert_eq!(column.values().collect::<Vec<_>>(), [7.0]);
        column.pad(6);
        column.amend(6, 8.0);
        assert_eq!((column.get(4), column.get(5)), (None, Some(8.0)));
    }
}
