//! When to try again. Pure: the caller brings the clock and the dice.

use std::time::Duration;

/// The first wait after something went wrong by itself.
const FIRST: Duration = Duration::from_secs(30);
/// No wait of our own is longer.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// No wait that a service asks for is obeyed beyond this (CONTRACTS.md §3).
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);
/// Between two looks at an upload that the service still works on.
const LONGEST_POLL: Duration = Duration::from_secs(30);
/// After this many looks, about ten minutes, the service is asked once an hour only.
const POLL_PATIENCE: u32 = 24;
/// The rare look at an upload that takes the service very long.
const RARE_POLL: Duration = Duration::from_secs(3600);

/// The wait after `attempts` failed tries: 30 s, 1 min, 2 min … at most 6 h, each up to a fifth longer by `dice` (0 to 1),
/// so that many computers don't come back at the same second. Never shorter than the service asked for.
#[must_use]
pub(crate) fn delay(attempts: u32, asked: Option<Duration>, dice: f64) -> Duration {
    let doubled = FIRST.saturating_mul(
        1u32.checked_shl(attempts.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    let own = doubled
        .min(LONGEST)
        .mul_f64(1.0 + 0.2 * dice.clamp(0.0, 1.0))
        .min(LONGEST);
    asked.map_or(own, |asked| asked.min(LONGEST_ASKED))
}

/// The wait before the next look at an upload that is processing, after `looks` of them: from `first` on each 1.6 times as long
/// as the one before (CONTRACTS.md §2.4), at most 30 s; after about ten minutes once an hour.
#[must_use]
pub(crate) fn poll_delay(first: Duration, looks: u32) -> Duration {
    if looks >= POLL_PATIENCE {
        return RARE_POLL;
    }
    first
        .mul_f64(1.6_f64.powi(i32::try_from(looks).unwrap_or(i32::MAX)))
        .min(LONGEST_POLL.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attempts: u32, asked: Option<u64>, expected: u64) {
        assert_eq!(
            delay(attempts, asked.map(Duration::from_secs), 0.0),
            Duration::from_secs(expected)
        );
    }

    #[test]
    fn doubles_up_to_six_hours() {
        check(0, None, 30);
        check(1, None, 30);
        check(2, None, 60);
        check(5, None, 480);
        check(11, None, 21_600);
        check(400, None, 21_600);
    }

    #[test]
    fn obeys_the_service_up_to_a_day() {
        check(0, Some(2), 2);
        check(9, Some(900), 900);
        check(1, Some(86_400), 86_400);
        check(1, Some(1_000_000_000_000), 86_400);
    }

    #[test]
    fn dice_only_lengthen() {
        assert_eq!(delay(1, None, 1.0), Duration::from_secs(36));
        assert_eq!(delay(400, None, 1.0), LONGEST);
        assert_eq!(delay(1, None, f64::INFINITY), Duration::from_secs(36));
    }

    #[test]
    fn looks_become_rarer() {
        let first = Duration::from_secs(2);
        assert_eq!(poll_delay(first, 0), first);
        assert_eq!(poll_delay(first, 1), Duration::from_millis(3200));
        assert_eq!(poll_delay(first, 23), LONGEST_POLL);
        assert_eq!(poll_delay(first, 24), RARE_POLL);
    }
}
