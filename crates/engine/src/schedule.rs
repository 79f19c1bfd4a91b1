//! When to try again. Pure: the caller brings the clock and the dice.

use std::time::Duration;

use jiff::Timestamp;
use service::Polling;

/// The first wait after something went wrong by itself.
const FIRST: Duration = Duration::from_secs(30);
/// No wait of our own is longer, before [`JITTER`], with which it comes to six hours.
const LONGEST: Duration = Duration::from_secs(5 * 3600);
/// How much longer than it would be a wait becomes at most, so that many computers don't come back at the same second.
const JITTER: f64 = 0.2;
/// No wait that a service asks for is obeyed beyond this (CONTRACTS.md §3).
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);
/// So long a service's list, once it has come, says what need not be sent. The window may stay open for weeks, while another
/// computer or program sends, too.
const LIST_SERVES: Duration = Duration::from_secs(300);
/// The wait until no list that is here now serves any more.
pub(crate) const NEXT_LIST: Duration = Duration::from_secs(LIST_SERVES.as_secs() + 1);
/// The longest that a list may be under way: what takes longer was interrupted, as by the sleep of the computer.
const LIST_TAKES: Duration = Duration::from_secs(1_800);
/// The rare look at an upload that takes the service very long.
const RARE_POLL: Duration = Duration::from_secs(3600);

/// The wait after `attempts` failed tries: 30 s, 1 min, 2 min … 5 h, each up to a fifth longer by `dice` (0 to 1), so 6 h at
/// most. Never shorter than the service asked for.
#[must_use]
pub(crate) fn delay(attempts: u32, asked: Option<Duration>, dice: f64) -> Duration {
    let doubled = FIRST.saturating_mul(
        1u32.checked_shl(attempts.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    let own = doubled
        .min(LONGEST)
        .mul_f64(1.0 + JITTER * dice.clamp(0.0, 1.0));
    asked.map_or(own, |asked| asked.min(LONGEST_ASKED))
}

/// The wait before the next look at an upload that is processing, after `looks` of them, as the service's descriptor has it:
/// each so many times as long as the one before, up to the longest; once an hour when all of them together were too long.
#[must_use]
pub(crate) fn poll_delay(polling: &Polling, looks: u32) -> Duration {
    let mut wait = polling.first_s;
    let mut waited = 0.0;
    for _ in 0..looks {
        waited += wait;
        if waited >= polling.give_up_s {
            return RARE_POLL;
        }
        wait = (wait * polling.factor).min(polling.max_s.max(polling.first_s));
    }
    // What a user wrote into the settings may be no time at all.
    Duration::try_from_secs_f64(wait).map_or(RARE_POLL, |wait| wait.min(RARE_POLL))
}

/// Whether an upload has been processing for so long that it is looked for rarely.
#[must_use]
pub(crate) fn is_long(polling: &Polling, looks: u32) -> bool {
    poll_delay(polling, looks) == RARE_POLL
}

/// Whether a list that came then may still be searched before an upload. A clock that was set back does not tell how old it is.
#[must_use]
pub(crate) fn list_serves(came_at: Timestamp, now: Timestamp) -> bool {
    let age = Duration::try_from(now.duration_since(came_at));
    age.is_ok_and(|age| age <= LIST_SERVES)
}

/// Whether a list that was asked for then, and has come now, tells what the service has now. A clock that was set back does not
/// keep it from it: it came, and is not asked for without end.
#[must_use]
pub(crate) fn list_is_new(asked_at: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(asked_at)).map_or(true, |took| took <= LIST_TAKES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_serves_for_five_minutes() {
        let came_at = Timestamp::from_second(1_774_764_600).unwrap();
        let serves = |after_s| {
            let after = jiff::SignedDuration::from_secs(after_s);
            list_serves(came_at, came_at + after)
        };
        assert_eq!(
            [-1, 0, 300, 301, 864_000].map(serves),
            [false, true, true, false, false]
        );
        let is_new = |after_s| {
            let after = jiff::SignedDuration::from_secs(after_s);
            list_is_new(came_at, came_at + after)
        };
        assert_eq!(
            [-1, 0, 1_800, 1_801, 864_000].map(is_new),
            [true, true, true, false, false]
        );
        assert!(!list_serves(Timestamp::MAX, Timestamp::MIN));
        assert!(!list_serves(Timestamp::MIN, Timestamp::MAX));
    }

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
        check(10, None, 15_360);
        check(11, None, 18_000);
        check(400, None, 18_000);
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
        assert_eq!(delay(400, None, 1.0), Duration::from_secs(6 * 3600));
        assert_eq!(delay(1, None, f64::INFINITY), Duration::from_secs(36));
    }

    #[test]
    fn looks_become_rarer() {
        let polling = Polling {
            first_s: 2.0,
            factor: 1.6,
            max_s: 30.0,
            give_up_s: 600.0,
        };
        let seconds = |looks| poll_delay(&polling, looks).as_secs_f64();
        assert_eq!([0, 1, 2].map(seconds), [2.0, 3.2, 5.12]);
        assert_eq!(seconds(20), 30.0);
        let all: f64 = (0..24).map(seconds).sum();
        assert!((590.0..640.0).contains(&all), "{all}");
        assert_eq!([24, 25].map(seconds), [30.0, 3600.0]);
        assert_eq!(seconds(u32::MAX), 3600.0);
    }

    #[test]
    fn odd_settings_ask_neither_without_end_nor_never() {
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            let polling = Polling {
                first_s: odd,
                factor: odd,
                max_s: odd,
                give_up_s: 600.0,
            };
            for looks in [0, 1, 50] {
                assert!(poll_delay(&polling, looks) <= RARE_POLL);
            }
        }
    }
}
