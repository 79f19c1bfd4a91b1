//! SQLite's locks on a database and its shared memory, kept in this process: who has one open is here anyway, and to ask the
//! kernel each time takes a sixth of a simulated world. The rules are those of `sqlite3_io_methods` (sqlite.org/c3ref, "File
//! Locking Constants", and "WAL-mode File Format" §2 on the shared memory). Knows no files.

use std::sync::atomic::AtomicU64;

/// Places of the shared memory that can be locked apart (`SQLITE_SHM_NLOCK`).
const PLACES: usize = 8;

/// How far a database is locked, in SQLite's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    Nothing,
    /// Reads.
    Shared,
    /// Will write, and others may read.
    Reserved,
    /// Waits for the readers to go, and lets none in.
    Pending,
    /// Writes.
    Exclusive,
}

/// What one connection holds of them.
#[derive(Debug, Default)]
pub(crate) struct Held {
    level: Level,
    /// A bit for each place of the shared memory.
    shared: u8,
    exclusive: u8,
    /// Whether it has the shared memory open.
    is_mapped: bool,
}

/// The locks of one database, and its shared memory as long as somebody has it open.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    level: Level,
    readers: u32,
    /// Of each place: how many share it, or -1 when one has it alone.
    places: [i32; PLACES],
    mapped: u32,
    regions: Vec<Box<[AtomicU64]>>,
}

impl Locks {
    /// Whether the connection has this level now. One that waits for readers keeps new ones out meanwhile.
    pub(crate) fn lock(&mut self, held: &mut Held, wanted: Level) -> bool {
        if held.level >= wanted {
            return true;
        }
        let is_another = held.level != self.level;
        if is_another && (self.level >= Level::Pending || wanted > Level::Shared) {
            return false;
        }
        if wanted == Level::Shared {
            self.readers += 1;
            self.level = self.level.max(Level::Shared);
            held.level = Level::Shared;
            return true;
        }
        if wanted == Level::Exclusive && self.readers > 1 {
            // Who only reads so far keeps nobody out by asking.
            if held.level > Level::Shared {
                (held.level, self.level) = (Level::Pending, Level::Pending);
            }
            return false;
        }
        (held.level, self.level) = (wanted, wanted);
        true
    }

    /// Gives up what is beyond this level: `Shared` or `Nothing`.
    pub(crate) fn unlock(&mut self, held: &mut Held, kept: Level) {
        if held.level <= kept {
            return;
        }
        if held.level > Level::Shared {
            self.level = Level::Shared;
        }
        if kept == Level::Nothing {
            self.readers -= 1;
            if self.readers == 0 {
                self.level = Level::Nothing;
            }
        }
        held.level = kept;
    }

    /// Whether anybody will write, or writes.
    pub(crate) fn is_reserved(&self) -> bool {
        self.level > Level::Shared
    }

    /// The shared memory's region of this number, zeroes at first; none where there is none yet and none is to be made.
    pub(crate) fn map(
        &mut self,
        held: &mut Held,
        region: usize,
        bytes: usize,
        extend: bool,
    ) -> Option<&[AtomicU64]> {
        if !held.is_mapped {
            held.is_mapped = true;
            self.mapped += 1;
        }
        while extend && self.regions.len() <= region {
            let words = std::iter::repeat_with(AtomicU64::default);
            self.regions.push(words.take(bytes.div_ceil(8)).collect());
        }
        self.regions.get(region).map(AsRef::as_ref)
    }

    /// The connection needs the shared memory no more. Who is the last takes it along.
    pub(crate) fn unmap(&mut self, held: &mut Held) {
        self.unlock_places(held, 0..PLACES);
        if std::mem::take(&mut held.is_mapped) {
            self.mapped -= 1;
            if self.mapped == 0 {
                self.regions.clear();
            }
        }
    }

    /// Whether the connection shares these places now, or has them alone.
    pub(crate) fn lock_places(
        &mut self,
        held: &mut Held,
        places: std::ops::Range<usize>,
        alone: bool,
    ) -> bool {
        let mask = mask(&places);
        let already = if alone { held.exclusive } else { held.shared };
        if already & mask == mask {
            return true;
        }
        let Some(asked) = self.places.get_mut(places) else {
            return false;
        };
        let is_free = |holders: &i32| if alone { *holders == 0 } else { *holders >= 0 };
        if !asked.iter().all(is_free) {
            return false;
        }
        for holders in asked {
            *holders = if alone { -1 } else { *holders + 1 };
        }
        let holds = if alone {
            &mut held.exclusive
        } else {
            &mut held.shared
        };
        *holds |= mask;
        true
    }

    /// The connection gives up what it has of these places.
    pub(crate) fn unlock_places(&mut self, held: &mut Held, places: std::ops::Range<usize>) {
        let mask = mask(&places);
        let all = self.places.iter_mut().enumerate();
        for (place, holders) in all.filter(|(place, _)| places.contains(place)) {
            if held.exclusive & 1 << place != 0 {
                *holders = 0;
            } else if held.shared & 1 << place != 0 {
                *holders -= 1;
            }
        }
        held.shared &= !mask;
        held.exclusive &= !mask;
    }
}

fn mask(places: &std::ops::Range<usize>) -> u8 {
    (0..PLACES)
        .filter(|place| places.contains(place))
        .fold(0, |mask, place| mask | 1 << place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_while_others_read_and_waits_for_them_at_the_end() {
        let mut locks = Locks::default();
        let [mut one, mut other] = [Held::default(), Held::default()];
        assert!(locks.lock(&mut one, Level::Shared));
        assert!(locks.lock(&mut other, Level::Shared));
        assert!(!locks.is_reserved());
        assert!(locks.lock(&mut one, Level::Reserved));
        assert!(locks.is_reserved());
        assert!(!locks.lock(&mut other, Level::Reserved));
        assert!(!locks.lock(&mut other, Level::Exclusive));
        assert!(!locks.lock(&mut one, Level::Exclusive));
        locks.unlock(&mut other, Level::Nothing);
        // Whoever comes now has to wait until it is over.
        assert!(!locks.lock(&mut other, Level::Shared));
        assert!(locks.lock(&mut one, Level::Exclusive));
        locks.unlock(&mut one, Level::Shared);
        assert!(locks.lock(&mut other, Level::Shared));
        locks.unlock(&mut one, Level::Nothing);
        locks.unlock(&mut other, Level::Nothing);
        assert!(locks.lock(&mut other, Level::Shared));
        assert!(locks.lock(&mut other, Level::Exclusive));
    }

    #[test]
    fn who_reads_and_cannot_write_goes_on_reading() {
        let mut locks = Locks::default();
        let [mut one, mut other] = [Held::default(), Held::default()];
        assert!(locks.lock(&mut one, Level::Shared));
        assert!(locks.lock(&mut other, Level::Shared));
        assert!(!locks.lock(&mut one, Level::Exclusive));
        assert!(!locks.is_reserved());
        assert!(locks.lock(&mut Held::default(), Level::Shared));
    }

    #[test]
    fn places_are_shared_or_had_alone() {
        let mut locks = Locks::default();
        let [mut one, mut other] = [Held::default(), Held::default()];
        assert!(locks.lock_places(&mut one, 3..4, false));
        assert!(locks.lock_places(&mut other, 3..4, false));
        assert!(!locks.lock_places(&mut one, 2..5, true));
        locks.unlock_places(&mut one, 3..4);
        assert!(!locks.lock_places(&mut one, 3..4, true));
        locks.unlock_places(&mut other, 3..4);
        assert!(locks.lock_places(&mut one, 2..5, true));
        assert!(!locks.lock_places(&mut other, 4..5, false));
        assert!(locks.lock_places(&mut other, 0..1, true));
        locks.unmap(&mut one);
        assert!(locks.lock_places(&mut other, 4..5, false));
    }

    #[test]
    fn memory_is_there_as_long_as_somebody_uses_it() {
        let mut locks = Locks::default();
        let [mut one, mut other] = [Held::default(), Held::default()];
        assert!(locks.map(&mut one, 0, 32, false).is_none());
        let made = locks.map(&mut one, 1, 32, true).unwrap();
        assert_eq!(made.len(), 4);
        let at = made.as_ptr();
        assert_eq!(locks.map(&mut other, 1, 32, false).unwrap().as_ptr(), at);
        locks.unmap(&mut one);
        assert!(locks.map(&mut other, 0, 32, false).is_some());
        locks.unmap(&mut other);
        assert!(locks.map(&mut one, 0, 32, false).is_none());
    }
}
