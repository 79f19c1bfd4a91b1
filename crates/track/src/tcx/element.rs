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
    AverageSpeed,
    AverageWatts,
    MaximumWatts,
    AverageRunCadence,
    /// Of the crank or of the foot.
    MaximumCadence,
    /// Strokes as well, of a swimmer or paddler.
    Steps,
    /// Anything else.
    Other,
}

/// The element with this local name.
#[inline]
pub(super) fn element(name: &str) -> Element {
    match name.as_bytes() {
        b"Trackpoint" => Element::Trackpoint,
        b"Time" => Element::Time,
        b"LatitudeDegrees" => Element::Latitude,
        b"LongitudeDegrees" => Element::Longitude,
        b"AltitudeMeters" => Element::Altitude,
        b"DistanceMeters" => Element::Distance,
        b"HeartRateBpm" => Element::HeartRate,
        b"Value" => Element::Value,
        b"Cadence" => Element::Cadence,
        b"Speed" => Element::Speed,
        b"Watts" => Element::Watts,
        b"RunCadence" => Element::RunCadence,
        b"Track" => Element::Track,
        // A transition of a multisport session is a lap like any other.
        b"Lap" | b"Transition" => Element::Lap,
        b"TotalTimeSeconds" => Element::TotalTime,
        b"MaximumSpeed" => Element::MaximumSpeed,
        b"Calories" => Element::Calories,
        b"AverageHeartRateBpm" => Element::AverageHeartRate,
        b"MaximumHeartRateBpm" => Element::MaximumHeartRate,
        b"AvgSpeed" => Element::AverageSpeed,
        b"MaxWatts" => Element::MaximumWatts,
        b"MaxBikeCadence" | b"MaxRunCadence" => Element::MaximumCadence,
        b"Steps" => Element::Steps,
        b"AvgWatts" => Element::AverageWatts,
        b"AvgRunCadence" => Element::AverageRunCadence,
        b"Activity" => Element::Activity,
        b"MultiSportSession" => Element::MultiSport,
        b"Course" => Element::Course,
        b"Workout" => Element::Workout,
        b"Id" => Element::Id,
        b"Name" => Element::Name,
        b"Notes" => Element::Notes,
        b"Creator" => Element::Creator,
        b"UnitId" => Element::UnitId,
        b"ProductID" => Element::ProductId,
        _ => Element::Other,
    }
}
