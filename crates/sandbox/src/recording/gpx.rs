//! The track points of a GPX, as far as it is well-formed.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{Glance, Spot, Summary, metres};

/// Reads the points in order; of a broken file those before the break.
pub(super) fn glance(bytes: &[u8]) -> Glance {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    let mut found = Glance::default();
    let mut inside: Option<Spot> = None;
    let mut said = String::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) if tag.local_name().as_ref() == "trkpt" => inside = Some(point(&tag)),
            Event::Empty(tag) if tag.local_name().as_ref() == "trkpt" => {
                add(&mut found, point(&tag))
            }
            Event::Start(_) => said.clear(),
            Event::Text(text) => said.push_str(&text),
            Event::End(tag) => match (tag.local_name().as_ref(), inside.as_mut()) {
                ("trkpt", Some(_)) => inside
                    .take()
                    .into_iter()
                    .for_each(|spot| add(&mut found, spot)),
                ("ele", Some(spot)) => spot.elevation_m = said.trim().parse().ok(),
                ("time", Some(spot)) => spot.time_ms = time(said.trim()),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    let times = || found.spots.iter().filter_map(|spot| spot.time_ms);
    found.summary = Summary {
        started_ms: times().next(),
        distance_m: found.spots.last().map(|spot| spot.distance_m),
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a life fit a double"
        )]
        duration_s: times()
            .next()
            .zip(times().next_back())
            .map(|(first, last)| (last - first) as f64 / 1000.0),
    };
    found
}

fn point(tag: &BytesStart<'_>) -> Spot {
    let number = |name: &str| {
        let value = tag.try_get_attribute(name).ok().flatten()?;
        value.value.trim().parse::<f64>().ok()
    };
    Spot {
        latitude: number("lat").unwrap_or(f64::NAN),
        longitude: number("lon").unwrap_or(f64::NAN),
        ..Spot::default()
    }
}

fn add(found: &mut Glance, mut spot: Spot) {
    found.points += 1;
    if spot.latitude.abs() > 90.0
        || spot.longitude.abs() > 180.0
        || spot.latitude.is_nan()
        || spot.longitude.is_nan()
    {
        return;
    }
    if let Some(last) = found.spots.last() {
        spot.distance_m = last.distance_m + metres(last, &spot);
    }
    found.spots.push(spot);
}

fn time(text: &str) -> Option<i64> {
    let zoned = text.parse::<jiff::Timestamp>().ok();
    let time = zoned.or_else(|| {
        text.parse::<jiff::civil::DateTime>()
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|t| t.timestamp())
    });
    time.map(jiff::Timestamp::as_millisecond)
}
