//! What a format could not carry, counted while writing and said in sentences. Knows no format.

/// Counts of what was left out of a file.
pub(crate) struct LeftOut {
    format: &'static str,
    counts: Vec<(Item, usize)>,
}

/// Something a format has no place for: what it has none of, then what was left out, one and many.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

impl LeftOut {
    /// Nothing yet, of a format called so.
    pub(crate) fn new(format: &'static str) -> LeftOut {
        LeftOut {
            format,
            counts: Vec::new(),
        }
    }

    /// So many more were left out.
    pub(crate) fn add(&mut self, item: Item, count: usize) {
        match self.counts.iter_mut().find(|(known, _)| *known == item) {
            Some((_, sum)) => *sum += count,
            None if count > 0 => self.counts.push((item, count)),
            None => {}
        }
    }

    /// One sentence for each: "GPX has no laps: 12 laps left out."
    pub(crate) fn sentences(&self) -> Vec<String> {
        let say = |(Item(none_of, one, many), count): &(Item, usize)| {
            let what = if *count == 1 { one } else { many };
            format!("{} has no {none_of}: {count} {what} left out.", self.format)
        };
        self.counts.iter().map(say).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_sentences() {
        let mut left_out = LeftOut::new("GPX");
        let laps = Item("laps", "lap", "laps");
        left_out.add(laps, 0);
        assert!(left_out.sentences().is_empty());
        left_out.add(laps, 1);
        assert_eq!(left_out.sentences(), ["GPX has no laps: 1 lap left out."]);
        left_out.add(laps, 11);
        left_out.add(Item("points without a position", "point", "points"), 2);
        assert_eq!(
            left_out.sentences(),
            [
                "GPX has no laps: 12 laps left out.",
                "GPX has no points without a position: 2 points left out."
            ]
        );
    }
}
