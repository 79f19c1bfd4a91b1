//! The one table of FIT's messages and fields that Trackdock reads and writes: data, no code. Source of fact: Garmin's
//! FIT profile, as public parsers (fitparser, rustyfit, fitdecode) carry it.

/// How a field is written: its base type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Enum,
    Sint8,
    Uint8,
    Uint16,
    Sint16,
    Sint32,
    Uint32,
    Uint32z,
    Float32,
    /// Bytes without meaning of their own; 255 throughout is absent.
    Bytes,
    /// Text, padded with zeros.
    Text,
    /// `compressed_speed_distance`: three bytes, two numbers of twelve bits.
    SpeedDistance,
}

/// One field of a message: value = raw / scale - offset.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u8,
    pub(super) base: Base,
    pub(super) scale: f64,
    pub(super) offset: f64,
}

/// One message: its number and its fields. A field's place in the list is its slot in a [`super::row::Row`].
#[derive(Debug)]
pub(super) struct Message {
    pub(super) number: u16,
    pub(super) fields: &'static [Field],
}

/// Field number of the timestamp in every message.
pub(super) const TIMESTAMP: u8 = 253;

/// The most fields that one message of the table has.
pub(super) const SLOTS: usize = 32;

macro_rules! messages {
    ($($message:ident $number:literal { $($field:ident $field_number:literal $base:ident $scale:literal $offset:literal,)* })*) => {
        $(
            pub(super) mod $message {
                use super::{Base, Field, Message};

                #[expect(non_camel_case_types, reason = "the profile's own names")]
                enum Slot { $($field,)* }

                $(
                    #[allow(non_upper_case_globals, dead_code, reason = "the profile's own names; some are only written")]
                    pub(in crate::fit) const $field: usize = Slot::$field as usize;
                )*

                pub(in crate::fit) static MESSAGE: Message = Message {
                    number: $number,
                    fields: &[$(Field { number: $field_number, base: Base::$base, scale: $scale, offset: $offset },)*],
                };
            }
        )*

        /// Every message that is read.
        pub(super) static MESSAGES: &[&Message] = &[$(&$message::MESSAGE,)*];
    };
}

// The timestamp is always slot 0, so that it is found without knowing the message.
messages! {
    file_id 0 {
        timestamp 253 Uint32 1.0 0.0,
        file_type 0 Enum 1.0 0.0,
        manufacturer 1 Uint16 1.0 0.0,
        product 2 Uint16 1.0 0.0,
        serial_number 3 Uint32z 1.0 0.0,
        time_created 4 Uint32 1.0 0.0,
        product_name 8 Text 1.0 0.0,
    }
    sport 12 {
        timestamp 253 Uint32 1.0 0.0,
        sport 0 Enum 1.0 0.0,
        sub_sport 1 Enum 1.0 0.0,
    }
    session 18 {
        timestamp 253 Uint32 1.0 0.0,
        event 0 Enum 1.0 0.0,
        event_type 1 Enum 1.0 0.0,
        start_time 2 Uint32 1.0 0.0,
        sport 5 Enum 1.0 0.0,
        sub_sport 6 Enum 1.0 0.0,
        total_elapsed_time 7 Uint32 1000.0 0.0,
        total_timer_time 8 Uint32 1000.0 0.0,
        total_distance 9 Uint32 100.0 0.0,
        total_cycles 10 Uint32 1.0 0.0,
        total_calories 11 Uint16 1.0 0.0,
        avg_speed 14 Uint16 1000.0 0.0,
        max_speed 15 Uint16 1000.0 0.0,
        avg_heart_rate 16 Uint8 1.0 0.0,
        max_heart_rate 17 Uint8 1.0 0.0,
        avg_cadence 18 Uint8 1.0 0.0,
        max_cadence 19 Uint8 1.0 0.0,
        avg_power 20 Uint16 1.0 0.0,
        max_power 21 Uint16 1.0 0.0,
        total_ascent 22 Uint16 1.0 0.0,
        total_descent 23 Uint16 1.0 0.0,
        first_lap_index 25 Uint16 1.0 0.0,
        num_laps 26 Uint16 1.0 0.0,
        normalized_power 34 Uint16 1.0 0.0,
        pool_length 44 Uint16 100.0 0.0,
        total_moving_time 59 Uint32 1000.0 0.0,
        avg_fractional_cadence 92 Uint8 128.0 0.0,
        max_fractional_cadence 93 Uint8 128.0 0.0,
        enhanced_avg_speed 124 Uint32 1000.0 0.0,
        enhanced_max_speed 125 Uint32 1000.0 0.0,
        message_index 254 Uint16 1.0 0.0,
    }
    lap 19 {
        timestamp 253 Uint32 1.0 0.0,
        event 0 Enum 1.0 0.0,
        event_type 1 Enum 1.0 0.0,
        start_time 2 Uint32 1.0 0.0,
        total_elapsed_time 7 Uint32 1000.0 0.0,
        total_timer_time 8 Uint32 1000.0 0.0,
        total_distance 9 Uint32 100.0 0.0,
        total_cycles 10 Uint32 1.0 0.0,
        total_calories 11 Uint16 1.0 0.0,
        avg_speed 13 Uint16 1000.0 0.0,
        max_speed 14 Uint16 1000.0 0.0,
        avg_heart_rate 15 Uint8 1.0 0.0,
        max_heart_rate 16 Uint8 1.0 0.0,
        avg_cadence 17 Uint8 1.0 0.0,
        max_cadence 18 Uint8 1.0 0.0,
        avg_power 19 Uint16 1.0 0.0,
        max_power 20 Uint16 1.0 0.0,
        total_ascent 21 Uint16 1.0 0.0,
        total_descent 22 Uint16 1.0 0.0,
        normalized_power 33 Uint16 1.0 0.0,
        total_moving_time 52 Uint32 1000.0 0.0,
        avg_fractional_cadence 80 Uint8 128.0 0.0,
        max_fractional_cadence 81 Uint8 128.0 0.0,
        enhanced_avg_speed 110 Uint32 1000.0 0.0,
        enhanced_max_speed 111 Uint32 1000.0 0.0,
        message_index 254 Uint16 1.0 0.0,
    }
    // What else a record carries stands in `channels.rs`.
    record 20 {
        timestamp 253 Uint32 1.0 0.0,
        position_lat 0 Sint32 1.0 0.0,
        position_long 1 Sint32 1.0 0.0,
        altitude 2 Uint16 5.0 500.0,
        heart_rate 3 Uint8 1.0 0.0,
        cadence 4 Uint8 1.0 0.0,
        distance 5 Uint32 100.0 0.0,
        speed 6 Uint16 1000.0 0.0,
        power 7 Uint16 1.0 0.0,
        compressed_speed_distance 8 SpeedDistance 1.0 0.0,
        temperature 13 Sint8 1.0 0.0,
        cycles 18 Uint8 1.0 0.0,
        compressed_accumulated_power 28 Uint16 1.0 0.0,
        left_right_balance 30 Uint8 1.0 0.0,
        cadence256 52 Uint16 256.0 0.0,
        fractional_cadence 53 Uint8 128.0 0.0,
        enhanced_speed 73 Uint32 1000.0 0.0,
        enhanced_altitude 78 Uint32 5.0 500.0,
    }
    event 21 {
        timestamp 253 Uint32 1.0 0.0,
        event 0 Enum 1.0 0.0,
        event_type 1 Enum 1.0 0.0,
        data16 2 Uint16 1.0 0.0,
        data 3 Uint32 1.0 0.0,
    }
    device_info 23 {
        timestamp 253 Uint32 1.0 0.0,
        device_index 0 Uint8 1.0 0.0,
        device_type 1 Uint8 1.0 0.0,
        manufacturer 2 Uint16 1.0 0.0,
        serial_number 3 Uint32z 1.0 0.0,
        product 4 Uint16 1.0 0.0,
        software_version 5 Uint16 1.0 0.0,
        product_name 27 Text 1.0 0.0,
        battery_level 32 Uint8 1.0 0.0,
    }
    workout 26 {
        timestamp 253 Uint32 1.0 0.0,
        sport 4 Enum 1.0 0.0,
        wkt_name 8 Text 1.0 0.0,
    }
    course 31 {
        timestamp 253 Uint32 1.0 0.0,
        sport 4 Enum 1.0 0.0,
        name 5 Text 1.0 0.0,
    }
    activity 34 {
        timestamp 253 Uint32 1.0 0.0,
        total_timer_time 0 Uint32 1000.0 0.0,
        num_sessions 1 Uint16 1.0 0.0,
        activity_type 2 Enum 1.0 0.0,
        event 3 Enum 1.0 0.0,
        event_type 4 Enum 1.0 0.0,
        local_timestamp 5 Uint32 1.0 0.0,
    }
    hrv 78 {
        timestamp 253 Uint32 1.0 0.0,
        time 0 Uint16 1000.0 0.0,
    }
    length 101 {
        timestamp 253 Uint32 1.0 0.0,
        event 0 Enum 1.0 0.0,
        event_type 1 Enum 1.0 0.0,
        start_time 2 Uint32 1.0 0.0,
        total_elapsed_time 3 Uint32 1000.0 0.0,
        total_timer_time 4 Uint32 1000.0 0.0,
        total_strokes 5 Uint16 1.0 0.0,
        avg_speed 6 Uint16 1000.0 0.0,
        swim_stroke 7 Enum 1.0 0.0,
        avg_swimming_cadence 9 Uint8 1.0 0.0,
        length_type 12 Enum 1.0 0.0,
        message_index 254 Uint16 1.0 0.0,
    }
    hr 132 {
        timestamp 253 Uint32 1.0 0.0,
        fractional_timestamp 0 Uint16 32768.0 0.0,
        filtered_bpm 6 Uint8 1.0 0.0,
        event_timestamp 9 Uint32 1024.0 0.0,
        event_timestamp_12 10 Bytes 1.0 0.0,
    }
    field_description 206 {
        timestamp 253 Uint32 1.0 0.0,
        developer_data_index 0 Uint8 1.0 0.0,
        field_definition_number 1 Uint8 1.0 0.0,
        fit_base_type_id 2 Uint8 1.0 0.0,
        field_name 3 Text 1.0 0.0,
        scale 6 Uint8 1.0 0.0,
        offset 7 Sint8 1.0 0.0,
        units 8 Text 1.0 0.0,
        native_mesg_num 14 Uint16 1.0 0.0,
        native_field_num 15 Uint8 1.0 0.0,
    }
    developer_data_id 207 {
        timestamp 253 Uint32 1.0 0.0,
        application_id 1 Bytes 1.0 0.0,
        developer_data_index 3 Uint8 1.0 0.0,
    }
}

/// Stands for every message that is not in the table: of those only the timestamp is read.
pub(super) static OTHER: Message = Message {
    number: u16::MAX,
    fields: &[Field {
        number: TIMESTAMP,
        base: Base::Uint32,
        scale: 1.0,
        offset: 0.0,
    }],
};

/// The message with this number.
pub(super) fn message(number: u16) -> &'static Message {
    MESSAGES
        .iter()
        .copied()
        .find(|message| message.number == number)
        .unwrap_or(&OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_fit_and_time_comes_first() {
        for message in MESSAGES {
            assert!(message.fields.len() <= SLOTS, "{}", message.number);
            assert_eq!(
                message.fields.first().map(|field| field.number),
                Some(TIMESTAMP)
            );
        }
    }
}
