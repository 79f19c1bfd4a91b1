//! Local time: what offset from UTC was in force at a place and moment. Knows no formats; its zones come from tzf-rs
//! (timezone-boundary-builder, ODbL) and the tz database.

use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};
use tzf_rs::EmbeddedFinder;

use crate::Position;

/// Made when the first position is asked for; it looks things up in the program file itself.
static FINDER: LazyLock<EmbeddedFinder> = LazyLock::new(EmbeddedFinder::new);

/// Local time minus UTC in seconds, at this place and moment; at sea by longitude. `None` where no zone is known.
pub(crate) fn offset(position: Position, time: Timestamp) -> Option<i32> {
    let position = Position::new(position.latitude, position.longitude)?;
    let name = FINDER.get_tz_name(position.longitude, position.latitude);
    let zone = if name.is_empty() {
        None
    } else {
        TimeZone::get(name).ok()
    }?;
    Some(zone.to_offset(time).seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(latitude: f64, longitude: f64, time: &str, expected: Option<i32>) {
        let time = time.parse().unwrap();
        assert_eq!(
            offset(
                Position {
                    latitude,
                    longitude
                },
                time
            ),
            expected
        );
    }

    #[test]
    fn offsets_follow_place_and_date() {
        check(48.86, 2.35, "2024-07-01T12:00:00Z", Some(7200));
        check(48.86, 2.35, "2024-01-01T12:00:00Z", Some(3600));
        check(27.7, 85.3, "2024-01-01T12:00:00Z", Some(20_700));
        check(0.0, -30.0, "2024-01-01T12:00:00Z", Some(-7200));
        check(f64::NAN, 0.0, "2024-01-01T12:00:00Z", None);
        check(100.0, 0.0, "2024-01-01T12:00:00Z", None);
    }
}
