//! The only place that reads the clock and throws dice.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Tells the time; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The computer's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the engine reads the clock"
)]
pub(crate) fn system() -> Clock {
    Arc::new(Timestamp::now)
}

/// Tells moments, which come in order however the clock is set; tests bring their own.
pub(crate) type Moments = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The computer's own.
pub(crate) fn moments() -> Moments {
    Arc::new(Instant::now)
}

/// `wait` after `now`; the end of time where there is no such time.
pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Throws a number from 0 to 1; tests bring their own.
pub(crate) type Dice = Arc<dyn Fn() -> f64 + Send + Sync>;

/// 0 to 1, different on each call and each computer; good enough to spread retries, not for secrets.
pub(crate) fn dice() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    (random >> 11) as f64 / (1_u64 << 53) as f64
}
