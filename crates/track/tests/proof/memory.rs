//! Counts the memory that a thread has taken from the allocator, so that a promise about it can be checked. Knows no tracks.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count for each thread: what other threads do does not disturb a measurement.
struct Counted;

thread_local! {
    /// Bytes taken and not yet given back.
    static LIVE: Cell<usize> = const { Cell::new(0) };
    /// The most there were.
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn take(bytes: usize) {
    // A thread that ends has no count any more; nobody measures it.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().wrapping_add(bytes));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

fn give_back(bytes: usize) {
    // Memory that another thread took counts there: below zero is zero.
    let _ = LIVE.try_with(|live| live.set(live.get().saturating_sub(bytes)));
}

#[expect(
    unsafe_code,
    reason = "an allocator can only be counted by standing in its place"
)]
// SAFETY: every call goes to the system's allocator as it came; beside it only numbers are counted.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment there may be both, the old and the new.
        take(size);
        give_back(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static COUNTED: Counted = Counted;

/// What a piece of work took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// The most bytes at once.
    pub(crate) peak: usize,
    /// Bytes that its result still holds.
    pub(crate) kept: usize,
}

/// Does the work and says what memory it took.
pub(crate) fn taken_by<T>(work: impl FnOnce() -> T) -> (T, Taken) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    let taken = Taken {
        peak: PEAK.get().saturating_sub(before),
        kept: LIVE.get().saturating_sub(before),
    };
    (result, taken)
}

/// The most memory that reading so many bytes may take.
pub(crate) fn allowance(bytes: usize) -> usize {
    32 * bytes + (8 << 20)
}
