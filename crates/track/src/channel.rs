//! What a point may carry besides the usual nine values: running dynamics, e-bikes, diving, a sensor maker's own fields.
//! Knows no file format.

macro_rules! channels {
    ($($variant:ident $name:literal $units:literal,)*) => {
        /// A value that some devices record with their points. The names are those of Garmin's FIT profile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "name and unit stand in the table")]
        #[non_exhaustive]
        pub enum Channel {
            $($variant,)*
            /// A field that the device's own software or an app described: an index into
            /// [`crate::Track::developer_fields`].
            Developer(u16),
        }

        impl Channel {
            /// Every channel but the developers' own.
            pub const ALL: &[Channel] = &[$(Channel::$variant,)*];

            /// Stable name in `snake_case`; `developer` for a field that the file describes itself.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Channel::$variant => $name,)*
                    Channel::Developer(_) => "developer",
                }
            }

            /// The unit of its values; empty where it has none, or where the file says it.
            #[must_use]
            pub fn units(self) -> &'static str {
                match self {
                    $(Channel::$variant => $units,)*
                    Channel::Developer(_) => "",
                }
            }
        }
    };
}

channels! {
    Grade "grade" "%",
    VerticalSpeed "vertical_speed" "m/s",
    GpsAccuracy "gps_accuracy" "m",
    Calories "calories" "kcal",
    // The share of the right foot or leg; without "right" the device did not say whose share it is.
    RightBalance "right_balance" "%",
    Balance "balance" "%",
    LeftTorqueEffectiveness "left_torque_effectiveness" "%",
    RightTorqueEffectiveness "right_torque_effectiveness" "%",
    LeftPedalSmoothness "left_pedal_smoothness" "%",
    RightPedalSmoothness "right_pedal_smoothness" "%",
    CombinedPedalSmoothness "combined_pedal_smoothness" "%",
    LeftPlatformOffset "left_pco" "mm",
    RightPlatformOffset "right_pco" "mm",
    AccumulatedPower "accumulated_power" "W",
    TotalCycles "total_cycles" "cycles",
    CycleLength "cycle_length" "m",
    Resistance "resistance" "",
    Zone "zone" "",
    VerticalOscillation "vertical_oscillation" "mm",
    VerticalRatio "vertical_ratio" "%",
    StanceTime "stance_time" "ms",
    StanceTimePercent "stance_time_percent" "%",
    StanceTimeBalance "stance_time_balance" "%",
    StepLength "step_length" "mm",
    RespirationRate "respiration_rate" "breaths/min",
    CoreTemperature "core_temperature" "C",
    Stress "current_stress" "",
    TotalHemoglobin "total_hemoglobin_conc" "g/dL",
    SaturatedHemoglobin "saturated_hemoglobin_percent" "%",
    BatteryCharge "battery_soc" "%",
    MotorPower "motor_power" "W",
    EBikeRange "ebike_travel_range" "km",
    EBikeBattery "ebike_battery_level" "%",
    EBikeAssistMode "ebike_assist_mode" "",
    EBikeAssistLevel "ebike_assist_level_percent" "%",
    Grit "grit" "",
    Flow "flow" "",
    AbsolutePressure "absolute_pressure" "Pa",
    Depth "depth" "m",
    NextStopDepth "next_stop_depth" "m",
    NextStopTime "next_stop_time" "s",
    TimeToSurface "time_to_surface" "s",
    NoDecompressionTime "ndl_time" "s",
    CnsLoad "cns_load" "%",
    NitrogenLoad "n2_load" "%",
    AirTimeRemaining "air_time_remaining" "s",
    AscentRate "ascent_rate" "m/s",
}

/// A field that a recording describes itself: an app's or a sensor's own. Untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeveloperField {
    /// Its name, as the file gives it.
    pub name: String,
    /// Its unit, as the file gives it; may be empty.
    pub units: String,
    /// The application that wrote it, as FIT's 16 bytes.
    pub application: Option<[u8; 16]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Channel::ALL.iter().map(|channel| channel.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Channel::ALL.len());
    }
}
