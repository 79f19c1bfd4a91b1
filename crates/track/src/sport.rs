//! The one list of sports; every format's and every service's words are mapped to and from it. Knows no format's words
//! but FIT's numbers (Garmin's FIT profile, types `sport` and `sub_sport`).

macro_rules! sports {
    ($($variant:ident $name:literal $fit:literal $sub:literal,)*) => {
        /// What was done. FIT's sports, and finer ones that GPX files or a service tell apart.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names say what they are")]
        #[non_exhaustive]
        pub enum Sport {
            $($variant,)*
            #[default]
            Other,
        }

        impl Sport {
            /// Every sport, [`Sport::Other`] last.
            pub const ALL: &[Sport] = &[$(Sport::$variant,)* Sport::Other];

            /// Stable name in `snake_case`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Sport::$variant => $name,)*
                    Sport::Other => "other",
                }
            }

            /// FIT's numbers for it: sport, sub-sport (0 is generic).
            #[must_use]
            pub(crate) fn to_fit(self) -> (u8, u8) {
                match self {
                    $(Sport::$variant => ($fit, $sub),)*
                    Sport::Other => (0, 0),
                }
            }
        }
    };
}

sports! {
    Running "running" 1 0,
    Cycling "cycling" 2 0,
    Transition "transition" 3 0,
    FitnessEquipment "fitness_equipment" 4 0,
    Swimming "swimming" 5 0,
    Basketball "basketball" 6 0,
    Soccer "soccer" 7 0,
    Tennis "tennis" 8 0,
    AmericanFootball "american_football" 9 0,
    Training "training" 10 0,
    Walking "walking" 11 0,
    CrossCountrySkiing "cross_country_skiing" 12 0,
    AlpineSkiing "alpine_skiing" 13 0,
    Snowboarding "snowboarding" 14 0,
    Rowing "rowing" 15 0,
    Mountaineering "mountaineering" 16 0,
    Hiking "hiking" 17 0,
    Multisport "multisport" 18 0,
    Paddling "paddling" 19 0,
    Flying "flying" 20 0,
    EBiking "e_biking" 21 0,
    Motorcycling "motorcycling" 22 0,
    Boating "boating" 23 0,
    Driving "driving" 24 0,
    Golf "golf" 25 0,
    HangGliding "hang_gliding" 26 0,
    HorsebackRiding "horseback_riding" 27 0,
    Hunting "hunting" 28 0,
    Fishing "fishing" 29 0,
    InlineSkating "inline_skating" 30 0,
    RockClimbing "rock_climbing" 31 0,
    Sailing "sailing" 32 0,
    IceSkating "ice_skating" 33 0,
    SkyDiving "sky_diving" 34 0,
    Snowshoeing "snowshoeing" 35 0,
    Snowmobiling "snowmobiling" 36 0,
    StandUpPaddleboarding "stand_up_paddleboarding" 37 0,
    Surfing "surfing" 38 0,
    Wakeboarding "wakeboarding" 39 0,
    WaterSkiing "water_skiing" 40 0,
    Kayaking "kayaking" 41 0,
    Rafting "rafting" 42 0,
    Windsurfing "windsurfing" 43 0,
    Kitesurfing "kitesurfing" 44 0,
    Tactical "tactical" 45 0,
    Jumpmaster "jumpmaster" 46 0,
    Boxing "boxing" 47 0,
    FloorClimbing "floor_climbing" 48 0,
    Baseball "baseball" 49 0,
    Diving "diving" 53 0,
    Shooting "shooting" 56 0,
    WinterSport "winter_sport" 58 0,
    Grinding "grinding" 59 0,
    Hiit "hiit" 62 0,
    VideoGaming "video_gaming" 63 0,
    Racket "racket" 64 0,
    WheelchairPushWalk "wheelchair_push_walk" 65 0,
    WheelchairPushRun "wheelchair_push_run" 66 0,
    Meditation "meditation" 67 0,
    ParaSport "para_sport" 68 0,
    DiscGolf "disc_golf" 69 0,
    TeamSport "team_sport" 70 0,
    Cricket "cricket" 71 0,
    Rugby "rugby" 72 0,
    Hockey "hockey" 73 0,
    Lacrosse "lacrosse" 74 0,
    Volleyball "volleyball" 75 0,
    WaterTubing "water_tubing" 76 0,
    Wakesurfing "wakesurfing" 77 0,
    WaterSport "water_sport" 78 0,
    Archery "archery" 79 0,
    MixedMartialArts "mixed_martial_arts" 80 0,
    MotorSports "motor_sports" 81 0,
    Snorkeling "snorkeling" 82 0,
    Dance "dance" 83 0,
    JumpRope "jump_rope" 84 0,
    PoolApnea "pool_apnea" 85 0,
    Mobility "mobility" 86 0,
    Geocaching "geocaching" 87 0,
    Canoeing "canoeing" 88 0,
    TrailRunning "trail_running" 1 3,
    IndoorRunning "indoor_running" 1 1,
    MountainBiking "mountain_biking" 2 8,
    IndoorCycling "indoor_cycling" 2 6,
    HandCycling "hand_cycling" 2 12,
    GravelCycling "gravel_cycling" 2 46,
    IndoorRowing "indoor_rowing" 15 14,
    BackcountrySkiing "backcountry_skiing" 13 37,
    OpenWaterSwimming "open_water_swimming" 5 18,
    Paragliding "paragliding" 20 111,
    Yoga "yoga" 10 43,
    StrengthTraining "strength_training" 10 20,
    Enduro "enduro" 22 123,
    OffRoadDriving "off_road_driving" 24 98,
    Gliding "gliding" 20 0,
    HotAirBallooning "hot_air_ballooning" 20 0,
    JetSkiing "jet_skiing" 23 0,
    Powerboating "powerboating" 23 0,
    MotorRacing "motor_racing" 81 0,
    NordicWalking "nordic_walking" 11 0,
    Orienteering "orienteering" 1 50,
    SeaKayaking "sea_kayaking" 41 0,
    Skateboarding "skateboarding" 0 0,
    RollerSkiing "roller_skiing" 12 0,
}

impl Sport {
    /// The sport with this [`Sport::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Sport> {
        Sport::ALL
            .iter()
            .copied()
            .find(|sport| sport.name() == name)
    }

    /// The sport with this FIT number; an unknown one is [`Sport::Other`].
    #[must_use]
    pub(crate) fn from_fit(number: u8) -> Sport {
        if number == 0 {
            return Sport::Other;
        }
        // FIT's own sports stand before the finer ones, so the first hit is the right one.
        Sport::ALL
            .iter()
            .copied()
            .find(|sport| sport.to_fit() == (number, 0))
            .unwrap_or(Sport::Other)
    }

    /// The finer sport that a sport and its sub-sport make together: cycling with `mountain` is mountain biking. The sport
    /// itself where there is none.
    #[must_use]
    pub fn refined(self, sub_sport: Option<&str>) -> Sport {
        let Some(sub) = sub_sport.and_then(sub_sport_number) else {
            return self;
        };
        let (number, own_sub) = self.to_fit();
        if own_sub != 0 {
            return self;
        }
        // Names of the same thing that FIT keeps apart.
        let sub = match (number, sub) {
            (1, 45) => 1,
            (2, 5) => 6,
            (2, 9 | 29) => 8,
            (4, 14) => return Sport::IndoorRowing,
            (2, 88) => 12,
            (_, sub) => sub,
        };
        Sport::ALL
            .iter()
            .copied()
            .find(|sport| sport.to_fit() == (number, sub))
            .unwrap_or(self)
    }
}

/// FIT's sub-sports that have a name, by number. 0 is generic and says nothing.
const SUB_SPORTS: &[(u8, &str)] = &[
    (1, "treadmill"),
    (2, "street"),
    (3, "trail"),
    (4, "track"),
    (5, "spin"),
    (6, "indoor_cycling"),
    (7, "road"),
    (8, "mountain"),
    (9, "downhill"),
    (10, "recumbent"),
    (11, "cyclocross"),
    (12, "hand_cycling"),
    (13, "track_cycling"),
    (14, "indoor_rowing"),
    (15, "elliptical"),
    (16, "stair_climbing"),
    (17, "lap_swimming"),
    (18, "open_water"),
    (19, "flexibility_training"),
    (20, "strength_training"),
    (21, "warm_up"),
    (22, "match"),
    (23, "exercise"),
    (24, "challenge"),
    (25, "indoor_skiing"),
    (26, "cardio_training"),
    (27, "indoor_walking"),
    (28, "e_bike_fitness"),
    (29, "bmx"),
    (30, "casual_walking"),
    (31, "speed_walking"),
    (32, "bike_to_run_transition"),
    (33, "run_to_bike_transition"),
    (34, "swim_to_bike_transition"),
    (35, "atv"),
    (36, "motocross"),
    (37, "backcountry"),
    (38, "resort"),
    (39, "rc_drone"),
    (40, "wingsuit"),
    (41, "whitewater"),
    (42, "skate_skiing"),
    (43, "yoga"),
    (44, "pilates"),
    (45, "indoor_running"),
    (46, "gravel_cycling"),
    (47, "e_bike_mountain"),
    (48, "commuting"),
    (49, "mixed_surface"),
    (50, "navigate"),
    (51, "track_me"),
    (52, "map"),
    (53, "single_gas_diving"),
    (54, "multi_gas_diving"),
    (55, "gauge_diving"),
    (56, "apnea_diving"),
    (57, "apnea_hunting"),
    (58, "virtual_activity"),
    (59, "obstacle"),
    (62, "breathing"),
    (63, "ccr_diving"),
    (65, "sail_race"),
    (66, "expedition"),
    (67, "ultra"),
    (68, "indoor_climbing"),
    (69, "bouldering"),
    (70, "hiit"),
    (71, "indoor_grinding"),
    (72, "hunting_with_dogs"),
    (73, "amrap"),
    (74, "emom"),
    (75, "tabata"),
    (77, "esport"),
    (78, "triathlon"),
    (79, "duathlon"),
    (80, "brick"),
    (81, "swim_run"),
    (82, "adventure_race"),
    (83, "trucker_workout"),
    (84, "pickleball"),
    (85, "padel"),
    (86, "indoor_wheelchair_walk"),
    (87, "indoor_wheelchair_run"),
    (88, "indoor_hand_cycling"),
    (90, "field"),
    (91, "ice"),
    (92, "ultimate"),
    (93, "platform"),
    (94, "squash"),
    (95, "badminton"),
    (96, "racquetball"),
    (97, "table_tennis"),
    (98, "overland"),
    (99, "trolling_motor"),
    (110, "fly_canopy"),
    (111, "fly_paraglide"),
    (112, "fly_paramotor"),
    (113, "fly_pressurized"),
    (114, "fly_navigate"),
    (115, "fly_timer"),
    (116, "fly_altimeter"),
    (117, "fly_wx"),
    (118, "fly_vfr"),
    (119, "fly_ifr"),
    (121, "dynamic_apnea"),
    (123, "enduro"),
    (124, "rucking"),
    (125, "rally"),
    (126, "pool_triathlon"),
    (127, "e_bike_enduro"),
];

/// The name of a FIT sub-sport; an unknown one is its number.
pub(crate) fn sub_sport_name(number: u8) -> Option<String> {
    if number == 0 || number == 254 {
        return None;
    }
    let known = SUB_SPORTS.iter().find(|(known, _)| *known == number);
    Some(known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned()))
}

/// The FIT number of a sub-sport's name.
pub(crate) fn sub_sport_number(name: &str) -> Option<u8> {
    let known = SUB_SPORTS.iter().find(|(_, known)| *known == name);
    known
        .map(|(number, _)| *number)
        .or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for sport in Sport::ALL {
            assert_eq!(Sport::from_name(sport.name()), Some(*sport));
        }
        assert_eq!(Sport::from_name("knitting"), None);
    }

    #[test]
    fn fit_numbers_go_both_ways_for_plain_sports() {
        for (number, expected) in [
            (1, Sport::Running),
            (2, Sport::Cycling),
            (20, Sport::Flying),
            (0, Sport::Other),
            (200, Sport::Other),
        ] {
            assert_eq!(Sport::from_fit(number), expected);
        }
        for number in 1..=88 {
            let sport = Sport::from_fit(number);
            assert!(
                sport == Sport::Other || sport.to_fit() == (number, 0),
                "{number} {sport:?}"
            );
        }
    }

    #[track_caller]
    fn check(sport: Sport, sub: &str, expected: Sport) {
        assert_eq!(sport.refined(Some(sub)), expected);
    }

    #[test]
    fn sub_sports_refine() {
        check(Sport::Cycling, "mountain", Sport::MountainBiking);
        check(Sport::Cycling, "downhill", Sport::MountainBiking);
        check(Sport::Cycling, "road", Sport::Cycling);
        check(Sport::Cycling, "spin", Sport::IndoorCycling);
        check(Sport::Running, "trail", Sport::TrailRunning);
        check(
            Sport::FitnessEquipment,
            "indoor_rowing",
            Sport::IndoorRowing,
        );
        check(Sport::Running, "nonsense", Sport::Running);
        assert_eq!(sub_sport_name(0), None);
        assert_eq!(sub_sport_name(201).as_deref(), Some("201"));
        assert_eq!(sub_sport_number("trail"), Some(3));
    }
}
