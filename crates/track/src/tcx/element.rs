//! The elements of TCX and its ActivityExtension that matter. Knows names only, whatever their prefix.

/// An element by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    MultiSport,
    Activity,
    Course,
    Workout,
    Lap,
    Track,
    Trackpoint,
    Id,
    Name,
    Notes,
    Creator,
    UnitId,
    ProductId,
    Time,
    Latitude,
    Longitude,
    Altitude,
    Distance,
    HeartRate,
    AverageHeartRate,
    MaximumHeartRate,
    Value,
    Cadence,
    RunCadence,
    Speed,
    Watts,
    TotalTime,
    MaximumSpeed,
    Calories,
    AverageWatts,
    AverageRunCadence,
    /// Anything else.
    Other,
}

/// The element with this local name.
#[inline]
pub(super) fn element(name: &str) -> Element {
    match name {
        "Trackpoint" => Element::Trackpoint,
        "Time" => Element::Time,
        "LatitudeDegrees" => Element::Latitude,
        "LongitudeDegrees" => Element::Longitude,
        "AltitudeMeters" => Element::Altitude,
        "DistanceMeters" => Element::Distance,
        "HeartRateBpm" => Element::HeartRate,
        "Value" => Element::Value,
        "Cadence" => Element::Cadence,
        "Speed" => Element::Speed,
        "Watts" => Element::Watts,
        "RunCadence" => Element::RunCadence,
        "Track" => Element::Track,
        // A transition of a multisport session is a lap like any other.
        "Lap" | "Transition" => Element::Lap,
        "TotalTimeSeconds" => Element::TotalTime,
        "MaximumSpeed" => Element::MaximumSpeed,
        "Calories" => Element::Calories,
        "AverageHeartRateBpm" => Element::AverageHeartRate,
        "MaximumHeartRateBpm" => Element::MaximumHeartRate,
        "AvgWatts" => Element::AverageWatts,
        "AvgRunCadence" => Element::AverageRunCadence,
        "Activity" => Element::Activity,
        "MultiSportSession" => Element::MultiSport,
        "Course" => Element::Course,
        "Workout" => Element::Workout,
        "Id" => Element::Id,
        "Name" => Element::Name,
        "Notes" => Element::Notes,
        "Creator" => Element::Creator,
        "UnitId" => Element::UnitId,
        "ProductID" => Element::ProductId,
        _ => Element::Other,
    }
}
