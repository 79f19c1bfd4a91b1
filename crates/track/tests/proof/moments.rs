//! How records of one moment become one point: the rule of our FIT reader, written a second time to compare by.

use track::Point;

/// Puts each point's present values into the one before it, where both are of one moment and not of two places.
pub(crate) fn merged(points: impl IntoIterator<Item = Point>) -> Vec<Point> {
    let mut all: Vec<Point> = Vec::new();
    for point in points {
        let last = all.last_mut().filter(|last| {
            let elsewhere = last.position.is_some()
                && point.position.is_some()
                && last.position != point.position;
            point.time.is_some() && last.time == point.time && !elsewhere
        });
        match last {
            Some(last) => amend(last, point),
            None => all.push(point),
        }
    }
    all
}

fn amend(last: &mut Point, point: Point) {
    last.position = point.position.or(last.position);
    last.elevation_m = point.elevation_m.or(last.elevation_m);
    last.distance_m = point.distance_m.or(last.distance_m);
    last.speed_m_s = point.speed_m_s.or(last.speed_m_s);
    last.heart_rate_bpm = point.heart_rate_bpm.or(last.heart_rate_bpm);
    last.cadence_rpm = point.cadence_rpm.or(last.cadence_rpm);
    last.power_w = point.power_w.or(last.power_w);
    last.temperature_c = point.temperature_c.or(last.temperature_c);
}
