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
    /// Of the water, where the air's is not given.
    WaterTemperature,
    VerticalSpeed,
    Depth,
    /// What a point carries beyond the schema; also inside of Garmin's own extension.
    Extensions,
    /// An element of these that has a name of its own: a maker's group of values.
    Extension,
    /// Anything else.
    Other,
}

impl Element {
    /// Whether the values in it are the point's: those in the point itself, in its extensions, and in one group of these.
    /// What stands deeper is somebody's own matter.
    pub(super) fn holds_values(self) -> bool {
        matches!(
            self,
            Element::TrackPoint | Element::Extensions | Element::Extension
        )
    }
}

/// The element with this local name, inside of this other. Sensors: Garmin's `TrackPointExtension` v1 and v2 (`hr`, `cad`, `atemp`, `wtemp`, `speed`, `depth`) and
/// `PowerExtension` (`PowerInWatts`), Cluetrust's gpxdata, which Suunto uses too (`hr`, `cadence`, `temp`, `power`, `verticalSpeed`), Strava's bare
/// `power`, and names that others made up for the same things.
#[inline]
pub(super) fn element(name: &str, parent: Option<Element>) -> Element {
    match name.as_bytes() {
        b"trkpt" => Element::TrackPoint,
        b"ele" => Element::Elevation,
        b"time" => Element::Time,
        b"hr" | b"heartrate" | b"heartRate" | b"heart_rate" | b"HeartRate" => Element::HeartRate,
        b"cad" | b"cadence" | b"Cadence" | b"RunCadence" => Element::Cadence,
        b"atemp" | b"temp" | b"temperature" | b"Temperature" => Element::Temperature,
        b"speed" | b"Speed" => Element::Speed,
        b"power" | b"PowerInWatts" | b"Power" | b"watts" | b"Watts" => Element::Power,
        b"extensions" | b"Extensions" => Element::Extensions,
        b"wtemp" => Element::WaterTemperature,
        b"verticalSpeed" => Element::VerticalSpeed,
        b"depth" | b"Depth" => Element::Depth,
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
        _ if parent == Some(Element::Extensions) => Element::Extension,
        _ => Element::Other,
    }
}
