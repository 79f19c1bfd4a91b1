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
    match name {
        "trkpt" => Element::TrackPoint,
        "ele" => Element::Elevation,
        "time" => Element::Time,
        "hr" | "heartrate" | "heartRate" | "heart_rate" | "HeartRate" => Element::HeartRate,
        "cad" | "cadence" | "Cadence" | "RunCadence" => Element::Cadence,
        "atemp" | "temp" | "temperature" | "Temperature" => Element::Temperature,
        "speed" | "Speed" => Element::Speed,
        "power" | "PowerInWatts" | "Power" | "watts" | "Watts" => Element::Power,
        "trkseg" => Element::Segment,
        "trk" => Element::Track,
        "wpt" => Element::Waypoint,
        "rtept" => Element::RoutePoint,
        "rte" => Element::Route,
        "name" => Element::Name,
        "type" => Element::Type,
        "src" => Element::Origin,
        "metadata" => Element::Metadata,
        "gpx" => Element::Gpx,
        _ => Element::Other,
    }
}
