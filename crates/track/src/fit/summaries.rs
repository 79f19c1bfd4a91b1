//! The messages that sum something up, one by one: session, lap, length, device. Knows only their own fields.

use super::facts::{NumberedSession, moment};
use super::names;
use super::profile::{device_info, lap, length, session};
use super::row::Row;
use crate::{DeviceInfo, Lap, Length, Session, Sport, SwimStroke, Totals, sport};

/// A session and a lap have the same sums under the same names, but with other field numbers.
macro_rules! totals {
    ($row:ident, $message:ident) => {{
        let with_fraction = |whole: usize, fraction: usize| {
            let whole = $row.total(whole)?;
            Some(whole + $row.total(fraction).unwrap_or(0.0))
        };
        Totals {
            elapsed_s: $row.total($message::total_elapsed_time),
            timer_s: $row.total($message::total_timer_time),
            moving_s: $row.total($message::total_moving_time),
            distance_m: $row.total($message::total_distance),
            ascent_m: $row.total($message::total_ascent),
            descent_m: $row.total($message::total_descent),
            calories_kcal: $row.total($message::total_calories),
            average_speed_m_s: $row
                .total($message::enhanced_avg_speed)
                .or($row.total($message::avg_speed)),
            max_speed_m_s: $row
                .total($message::enhanced_max_speed)
                .or($row.total($message::max_speed)),
            average_hr: $row.total($message::avg_heart_rate),
            max_hr: $row.total($message::max_heart_rate),
            average_cadence: with_fraction($message::avg_cadence, $message::avg_fractional_cadence),
            max_cadence: with_fraction($message::max_cadence, $message::max_fractional_cadence),
            average_power_w: $row.total($message::avg_power),
            max_power_w: $row.total($message::max_power),
            normalized_power_w: $row.total($message::normalized_power),
            cycles: $row.total($message::total_cycles),
        }
    }};
}

pub(super) fn session(row: &Row) -> NumberedSession {
    let sport: u8 = row.whole(session::sport).unwrap_or(0);
    let sub_sport: u8 = row.whole(session::sub_sport).unwrap_or(0);
    NumberedSession {
        session: Session {
            start: row.whole(session::start_time).and_then(moment),
            sport: Sport::from_fit(sport),
            sub_sport: sport::sub_sport_name(sub_sport),
            totals: totals!(row, session),
            pool_length_m: row.total(session::pool_length),
        },
        sport,
        sub_sport,
    }
}

pub(super) fn lap(row: &Row) -> Lap {
    Lap {
        start: row.whole(lap::start_time).and_then(moment),
        totals: totals!(row, lap),
    }
}

pub(super) fn length(row: &Row) -> Length {
    let stroke = row.whole::<usize>(length::swim_stroke);
    Length {
        start: row.whole(length::start_time).and_then(moment),
        elapsed_s: row.total(length::total_elapsed_time),
        timer_s: row.total(length::total_timer_time),
        // Length type 0 is idle, 1 active.
        active: row.whole::<u8>(length::length_type) != Some(0),
        strokes: row.total(length::total_strokes),
        stroke: stroke.and_then(|number| SwimStroke::ALL.get(number).copied()),
        average_speed_m_s: row.total(length::avg_speed),
        average_cadence: row.total(length::avg_swimming_cadence),
    }
}

pub(super) fn device(row: &Row) -> DeviceInfo {
    let manufacturer = row.whole::<u16>(device_info::manufacturer);
    let product = row.whole::<u16>(device_info::product);
    DeviceInfo {
        index: row.whole(device_info::device_index),
        manufacturer: manufacturer.map(names::manufacturer),
        product: row
            .text(device_info::product_name)
            .or_else(|| product.map(|product| names::product(manufacturer, product))),
        serial: row.whole(device_info::serial_number),
        device_type: row.whole(device_info::device_type),
        software: row.whole(device_info::software_version),
        battery_percent: row.whole(device_info::battery_level),
    }
}
