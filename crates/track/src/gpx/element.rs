//! The elements of GPX that matter, and of the extensions that carry sensors. Knows names only, whatever their prefix.

/// An element by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// The root.
    Gpx,
    Metadata,
    Track,
    Segment,
    TrackPoint,
    Route,
    RoutePoint,
    Waypoint,
    Name,
    Type,
    /// Where a track comes from: the device, in our own files.
    Origin,
    Time,
    Elevation,
    Speed,
    HeartRate,
    Cadence,
    Power,
    Temperature,
    /// Anything else.
    Other,
}

/// The element with this local name. Sensors: Garmin's `TrackPointExtension` v1 and v2 (`hr`, `cad`, `atemp`, `speed`) and
/// `PowerExtension` (`PowerInWatts`), Cluetrust's gpxdata, which Suunto uses too (`hr`, `cadence`, `temp`, `power`), Strava's bare
/// `power`, and names that others made up for the same things.
#[inline]
pub(super) fn element(name: &str) -> Element {
    match name.as_bytes() {
        b"trkpt" => Element::TrackPoint,
        b"ele" => Element::Elevation,
        b"time" => Element::Time,
        b"hr" | b"heartrate" | b"heartRate" | b"heart_rate" | b"HeartRate" => Element::HeartRate,
        b"cad" | b"cadence" | b"Cadence" | b"RunCadence" => Element::Cadence,
        b"atemp" | b"temp" | b"temperature" | b"Temperature" => Element::Temperature,
        b"speed" | b"Speed" => Element::Speed,
        b"power" | b"PowerInWatts" | b"Power" | b"watts" | b"Watts" => Element::Power,
        b"trkseg" => Element::Segment,
        b"trk" => Element::Track,
        b"wpt" => Element::Waypoint,
        b"rtept" => Element::RoutePoint,
        b"rte" => Element::Route,
        b"name" => Element::Name,
        b"type" => Element::Type,
        b"src" => Element::Origin,
        b"metadata" => Element::Metadata,
        b"gpx" => Element::Gpx,
        _ => Element::Other,
    }
}
