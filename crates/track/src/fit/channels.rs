//! Which field of FIT's `record` goes into which channel: data, no code. Source of fact: Garmin's FIT profile, as public
//! parsers carry it.

use super::profile::{Base, Field};
use crate::Channel;

/// A field of `record` and its channel.
pub(super) struct ChannelField {
    pub(super) field: Field,
    pub(super) channel: Channel,
}

macro_rules! fields {
    ($($channel:ident $number:literal $base:ident $scale:literal,)*) => {
        /// Every field of `record` that is one channel's value as it stands. Of two fields for one channel the first is
        /// written, and the last that has a value is read.
        pub(super) static FIELDS: &[ChannelField] = &[$(ChannelField {
            field: Field { number: $number, base: Base::$base, scale: $scale, offset: 0.0 },
            channel: Channel::$channel,
        },)*];
    };
}

fields! {
    Grade 9 Sint16 100.0,
    Resistance 10 Uint8 1.0,
    CycleLength 87 Uint16 100.0,
    CycleLength 12 Uint8 100.0,
    TotalCycles 19 Uint32 1.0,
    AccumulatedPower 29 Uint32 1.0,
    GpsAccuracy 31 Uint8 1.0,
    VerticalSpeed 32 Sint16 1000.0,
    Calories 33 Uint16 1.0,
    VerticalOscillation 39 Uint16 10.0,
    StanceTimePercent 40 Uint16 100.0,
    StanceTime 41 Uint16 10.0,
    LeftTorqueEffectiveness 43 Uint8 2.0,
    RightTorqueEffectiveness 44 Uint8 2.0,
    LeftPedalSmoothness 45 Uint8 2.0,
    RightPedalSmoothness 46 Uint8 2.0,
    CombinedPedalSmoothness 47 Uint8 2.0,
    Zone 50 Uint8 1.0,
    TotalHemoglobin 54 Uint16 100.0,
    SaturatedHemoglobin 57 Uint16 10.0,
    LeftPlatformOffset 67 Sint8 1.0,
    RightPlatformOffset 68 Sint8 1.0,
    BatteryCharge 81 Uint8 2.0,
    MotorPower 82 Uint16 1.0,
    VerticalRatio 83 Uint16 100.0,
    StanceTimeBalance 84 Uint16 100.0,
    StepLength 85 Uint16 10.0,
    AbsolutePressure 91 Uint32 1.0,
    Depth 92 Uint32 1000.0,
    NextStopDepth 93 Uint32 1000.0,
    NextStopTime 94 Uint32 1.0,
    TimeToSurface 95 Uint32 1.0,
    NoDecompressionTime 96 Uint32 1.0,
    CnsLoad 97 Uint8 1.0,
    NitrogenLoad 98 Uint16 1.0,
    RespirationRate 108 Uint16 100.0,
    RespirationRate 99 Uint8 1.0,
    Grit 114 Float32 1.0,
    Flow 115 Float32 1.0,
    Stress 116 Uint16 100.0,
    EBikeRange 117 Uint16 1.0,
    EBikeBattery 118 Uint8 1.0,
    EBikeAssistMode 119 Uint8 1.0,
    EBikeAssistLevel 120 Uint8 1.0,
    AirTimeRemaining 123 Uint32 1.0,
    AscentRate 127 Sint32 1000.0,
    CoreTemperature 139 Uint16 100.0,
}

/// The field of this number.
pub(super) fn field(number: u8) -> Option<&'static ChannelField> {
    FIELDS.iter().find(|each| each.field.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_a_field_and_every_field_one_place() {
        // These three come from fields of which a value is only a part.
        let special = [Channel::RightBalance, Channel::Balance];
        for channel in Channel::ALL {
            let known = FIELDS.iter().any(|each| each.channel == *channel);
            assert!(known || special.contains(channel), "{channel:?}");
        }
        for (place, each) in FIELDS.iter().enumerate() {
            let number = each.field.number;
            assert!(
                FIELDS
                    .iter()
                    .skip(place + 1)
                    .all(|other| other.field.number != number)
            );
            assert!(
                super::super::profile::record::MESSAGE
                    .fields
                    .iter()
                    .all(|field| field.number != number)
            );
        }
    }
}
