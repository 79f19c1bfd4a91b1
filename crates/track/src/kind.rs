//! What a file is for: an activity, or one of the other things that lie on a device. Knows no contents.

use std::borrow::Cow;

/// What a file holds. For FIT it is `file_id.type` (Garmin's FIT profile, type `file`); only [`Kind::Activity`] is uploaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something done by the athlete, with times.
    Activity,
    /// A line to follow.
    Course,
    /// A training plan's single session.
    Workout,
    /// The user's or the device's settings.
    Settings,
    /// All-day monitoring (steps, heart rate).
    Monitoring,
    /// What the device can do.
    Device,
    /// Sport settings (zones).
    Sport,
    /// A training calendar.
    Schedules,
    /// Weight scale readings.
    Weight,
    /// Sums over the device's life.
    Totals,
    /// Goals.
    Goals,
    /// Blood pressure readings.
    BloodPressure,
    /// Summaries of activities, without their points.
    ActivitySummary,
    /// A piece of road to race on.
    Segment,
    /// A list of such pieces.
    SegmentList,
    /// An extended display's configuration.
    DisplayConfiguration,
    /// GPX: a route.
    Route,
    /// GPX: places only.
    Waypoints,
    /// GPX: a track without times, which cannot be an activity.
    Track,
    /// Nothing of use in it.
    #[default]
    Empty,
    /// A FIT file type without a published name, or FIT without `file_id` (255).
    Other(u8),
}

/// `file_id.type` numbers with a kind of their own.
const FIT_TYPES: [(u8, Kind); 18] = [
    (1, Kind::Device),
    (2, Kind::Settings),
    (3, Kind::Sport),
    (4, Kind::Activity),
    (5, Kind::Workout),
    (6, Kind::Course),
    (7, Kind::Schedules),
    (9, Kind::Weight),
    (10, Kind::Totals),
    (11, Kind::Goals),
    (14, Kind::BloodPressure),
    (15, Kind::Monitoring),
    (20, Kind::ActivitySummary),
    (28, Kind::Monitoring),
    (32, Kind::Monitoring),
    (34, Kind::Segment),
    (35, Kind::SegmentList),
    (40, Kind::DisplayConfiguration),
];

impl Kind {
    /// The kind with this FIT `file_id.type`.
    #[must_use]
    pub fn from_fit(file_type: u8) -> Kind {
        let known = FIT_TYPES.iter().find(|(number, _)| *number == file_type);
        known.map_or(Kind::Other(file_type), |(_, kind)| *kind)
    }

    /// FIT's number for it; `None` where FIT has none.
    pub(crate) fn to_fit(self) -> Option<u8> {
        match self {
            Kind::Other(number) => Some(number),
            _ => FIT_TYPES
                .iter()
                .find(|(_, kind)| *kind == self)
                .map(|(number, _)| *number),
        }
    }

    /// Stable name in `snake_case`; of a FIT type without a published name its number.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Kind::Activity => "activity",
            Kind::Course => "course",
            Kind::Workout => "workout",
            Kind::Settings => "settings",
            Kind::Monitoring => "monitoring",
            Kind::Device => "device",
            Kind::Sport => "sport",
            Kind::Schedules => "schedules",
            Kind::Weight => "weight",
            Kind::Totals => "totals",
            Kind::Goals => "goals",
            Kind::BloodPressure => "blood_pressure",
            Kind::ActivitySummary => "activity_summary",
            Kind::Segment => "segment",
            Kind::SegmentList => "segment_list",
            Kind::DisplayConfiguration => "display_configuration",
            Kind::Route => "route",
            Kind::Waypoints => "waypoints",
            Kind::Track => "track",
            Kind::Empty => "empty",
            Kind::Other(number) => return Cow::Owned(number.to_string()),
        })
    }

    /// What it is, in words that can stand after "this is".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Kind::Activity => "an activity",
            Kind::Course => "a course to follow",
            Kind::Workout => "a planned workout",
            Kind::Settings => "a settings file",
            Kind::Monitoring => "all-day monitoring",
            Kind::Device => "a device description",
            Kind::Sport => "sport settings",
            Kind::Schedules => "a training calendar",
            Kind::Weight => "weight readings",
            Kind::Totals => "totals",
            Kind::Goals => "goals",
            Kind::BloodPressure => "blood pressure readings",
            Kind::ActivitySummary => "a summary without points",
            Kind::Segment => "a segment",
            Kind::SegmentList => "a list of segments",
            Kind::DisplayConfiguration => "a display configuration",
            Kind::Route => "a route",
            Kind::Waypoints => "a list of places",
            Kind::Track => "a track without times",
            Kind::Empty => "a file without contents",
            // Names seen in public code, not in Garmin's profile.
            Kind::Other(44) => "fitness metrics",
            Kind::Other(49) => "sleep data",
            Kind::Other(68) => "heart-rate variability status",
            Kind::Other(_) => "a file of the device's own",
        }
    }

    /// Whether it is something the athlete did: the only kind that is uploaded.
    #[must_use]
    pub fn is_activity(self) -> bool {
        self == Kind::Activity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fit_types_have_names() {
        assert_eq!(Kind::from_fit(4), Kind::Activity);
        assert_eq!(Kind::from_fit(32).name(), "monitoring");
        assert_eq!(Kind::from_fit(49).name(), "49");
        assert!(
            FIT_TYPES
                .iter()
                .filter(|(_, kind)| kind.is_activity())
                .count()
                == 1
        );
    }
}
