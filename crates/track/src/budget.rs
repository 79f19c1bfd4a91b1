//! How much memory a file may take, by its size: a hostile one can hold a lap in every byte.

/// Bytes of memory for each byte of the file. Real files take two to six.
const FOR_EACH_BYTE: usize = 10;
/// Bytes of memory that any file may take.
const FOR_ALL: usize = 2 << 20;

/// What is left of it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    /// The budget of a file of this size.
    pub(crate) fn of(file: usize) -> Budget {
        Budget {
            left: file.saturating_mul(FOR_EACH_BYTE).saturating_add(FOR_ALL),
        }
    }

    /// Takes some of it; `false`, and takes nothing, where that is not left.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Takes what one more entry of a list takes, its growth included.
    pub(crate) fn takes<T>(&mut self) -> bool {
        self.take(size_of::<T>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends() {
        let mut budget = Budget::of(1);
        assert!(budget.take(FOR_ALL) && budget.takes::<u64>());
        assert!(!budget.takes::<u64>() && budget.take(2));
    }
}
