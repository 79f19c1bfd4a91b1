//! The words that GPX and TCX files have for sports, and the sports they stand for. Knows nothing of the files around them.

use crate::Sport;

/// Words as they are written in `<type>`, in lower case and with `_` for every blank and hyphen; names of the list itself
/// ([`Sport::name`]) need no line here. Gathered from Garmin Connect, Strava, komoot, OpenTracks, Runtastic, Endomondo, Suunto
/// and Amazfit.
const WORDS: &[(&str, Sport)] = &[
    ("alpine_ski", Sport::AlpineSkiing),
    ("alpine_tour", Sport::Mountaineering),
    ("alpinetour", Sport::Mountaineering),
    ("backcountry_ski", Sport::BackcountrySkiing),
    (
        "backcountry_skiing_snowboarding_ws",
        Sport::BackcountrySkiing,
    ),
    ("bike", Sport::Cycling),
    ("biking", Sport::Cycling),
    ("bicycling", Sport::Cycling),
    ("boat", Sport::Boating),
    ("canoe", Sport::Canoeing),
    ("car", Sport::Driving),
    ("climbing", Sport::RockClimbing),
    ("cross_country_ski", Sport::CrossCountrySkiing),
    ("cross_country_skiing_ws", Sport::CrossCountrySkiing),
    ("cycle", Sport::Cycling),
    ("cyclocross", Sport::Cycling),
    ("downhill_skiing", Sport::AlpineSkiing),
    ("e_bike", Sport::EBiking),
    ("e_bike_fitness", Sport::EBiking),
    ("e_bike_mountain", Sport::EBiking),
    ("e_bike_ride", Sport::EBiking),
    ("e_mountain_bike_ride", Sport::EBiking),
    ("e_mtb", Sport::EBiking),
    ("ebike", Sport::EBiking),
    ("ebikeride", Sport::EBiking),
    ("flight", Sport::Flying),
    ("gravel", Sport::GravelCycling),
    ("gravel_ride", Sport::GravelCycling),
    ("handcycle", Sport::HandCycling),
    ("hike", Sport::Hiking),
    ("horse_riding", Sport::HorsebackRiding),
    ("ice_skate", Sport::IceSkating),
    ("indoor_bike", Sport::IndoorCycling),
    ("indoor_ride", Sport::IndoorCycling),
    ("indoor_run", Sport::IndoorRunning),
    ("inline_skate", Sport::InlineSkating),
    ("jogging", Sport::Running),
    ("kayak", Sport::Kayaking),
    ("kayaking_v2", Sport::Kayaking),
    ("kite_surfing", Sport::Kitesurfing),
    ("kitesurf", Sport::Kitesurfing),
    ("lap_swimming", Sport::Swimming),
    ("motor_bike", Sport::Motorcycling),
    ("motorbike", Sport::Motorcycling),
    ("motorcycle", Sport::Motorcycling),
    ("mountain_bike", Sport::MountainBiking),
    ("mountain_bike_ride", Sport::MountainBiking),
    ("mountainbike", Sport::MountainBiking),
    ("mountainbiking", Sport::MountainBiking),
    ("mtb", Sport::MountainBiking),
    ("nordic_ski", Sport::CrossCountrySkiing),
    ("nordic_skiing", Sport::CrossCountrySkiing),
    ("nordic_walk", Sport::NordicWalking),
    ("open_water_swim", Sport::OpenWaterSwimming),
    ("outdoor_cycling", Sport::Cycling),
    ("outdoor_running", Sport::Running),
    ("outdoor_walking", Sport::Walking),
    ("paddle", Sport::Paddling),
    ("race_cycling", Sport::Cycling),
    ("racebike", Sport::Cycling),
    ("resort_skiing", Sport::AlpineSkiing),
    ("resort_skiing_snowboarding_ws", Sport::AlpineSkiing),
    ("ride", Sport::Cycling),
    ("riding", Sport::HorsebackRiding),
    ("road_bike", Sport::Cycling),
    ("road_biking", Sport::Cycling),
    ("road_cycling", Sport::Cycling),
    ("rollerski", Sport::RollerSkiing),
    ("row", Sport::Rowing),
    ("rowing_v2", Sport::Rowing),
    ("run", Sport::Running),
    ("sail", Sport::Sailing),
    ("sailing_v2", Sport::Sailing),
    ("skating", Sport::InlineSkating),
    ("ski", Sport::AlpineSkiing),
    ("ski_touring", Sport::BackcountrySkiing),
    ("skiing", Sport::AlpineSkiing),
    ("skitour", Sport::BackcountrySkiing),
    ("snow_shoe", Sport::Snowshoeing),
    ("snowboard", Sport::Snowboarding),
    ("snowshoe", Sport::Snowshoeing),
    ("stand_up_paddling", Sport::StandUpPaddleboarding),
    ("street_running", Sport::Running),
    ("stroll", Sport::Walking),
    ("sup", Sport::StandUpPaddleboarding),
    ("surf", Sport::Surfing),
    ("swim", Sport::Swimming),
    ("swimrun", Sport::Multisport),
    ("track_cycling", Sport::Cycling),
    ("track_running", Sport::Running),
    ("trail", Sport::TrailRunning),
    ("trail_run", Sport::TrailRunning),
    ("treadmill", Sport::IndoorRunning),
    ("treadmill_running", Sport::IndoorRunning),
    ("trekking", Sport::Hiking),
    ("triathlon", Sport::Multisport),
    ("multi_sport", Sport::Multisport),
    ("ultra_run", Sport::Running),
    ("virtual_ride", Sport::IndoorCycling),
    ("virtual_run", Sport::IndoorRunning),
    ("virtualride", Sport::IndoorCycling),
    ("virtualrun", Sport::IndoorRunning),
    ("walk", Sport::Walking),
    ("weight_training", Sport::StrengthTraining),
    ("windsurf", Sport::Windsurfing),
    ("windsurfing_v2", Sport::Windsurfing),
    ("workout", Sport::Training),
];

/// The numbers that Strava's GPX exports carry in `<type>`. Strava publishes none: 1, 4, 9 and 10 are seen in many exports, the
/// others follow the order of its old list of activity types (assumed).
const STRAVA: &[(u8, Sport)] = &[
    (1, Sport::Cycling),
    (2, Sport::AlpineSkiing),
    (3, Sport::BackcountrySkiing),
    (4, Sport::Hiking),
    (5, Sport::IceSkating),
    (6, Sport::InlineSkating),
    (7, Sport::CrossCountrySkiing),
    (8, Sport::RollerSkiing),
    (9, Sport::Running),
    (10, Sport::Walking),
    (11, Sport::Training),
    (12, Sport::Snowboarding),
    (13, Sport::Snowshoeing),
    (14, Sport::Kitesurfing),
    (15, Sport::Windsurfing),
    (16, Sport::Swimming),
    (17, Sport::IndoorCycling),
    (18, Sport::EBiking),
];

/// The sport that a GPX `<type>` names; `None` if the word is unknown.
pub(crate) fn from_gpx(word: &str) -> Option<Sport> {
    let word: String = word.trim().chars().take(64).collect();
    let word = word.to_lowercase().replace([' ', '-', '/'], "_");
    if let Ok(number) = word.parse::<u8>() {
        return STRAVA
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, sport)| *sport);
    }
    Sport::from_name(&word).or_else(|| {
        WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, sport)| *sport)
    })
}

/// The sport of a TCX `Sport` attribute, whose schema knows three; what other software writes there is tried as a word.
pub(crate) fn from_tcx(word: &str) -> Option<Sport> {
    from_gpx(word)
}

/// One of the three words that the TCX schema allows.
pub(crate) fn to_tcx(sport: Sport) -> &'static str {
    match sport {
        Sport::Running | Sport::TrailRunning | Sport::IndoorRunning => "Running",
        Sport::Cycling
        | Sport::MountainBiking
        | Sport::IndoorCycling
        | Sport::GravelCycling
        | Sport::HandCycling
        | Sport::EBiking => "Biking",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood() {
        for (word, expected) in [
            ("Running", Some(Sport::Running)),
            ("mountain biking", Some(Sport::MountainBiking)),
            ("Trail-Run", Some(Sport::TrailRunning)),
            (" HIKING\n", Some(Sport::Hiking)),
            ("9", Some(Sport::Running)),
            ("1", Some(Sport::Cycling)),
            ("Biking", Some(Sport::Cycling)),
            ("Other", Some(Sport::Other)),
            ("nordic_walking", Some(Sport::NordicWalking)),
            ("999", None),
            ("the category", None),
            ("", None),
        ] {
            assert_eq!(from_gpx(word), expected, "{word}");
        }
        assert!(from_gpx(&"x".repeat(1 << 20)).is_none());
    }

    #[test]
    fn every_sport_is_read_back_from_its_own_word() {
        for sport in Sport::ALL {
            assert_eq!(from_gpx(sport.name()), Some(*sport));
        }
        for sport in [Sport::Running, Sport::Cycling, Sport::Other] {
            assert_eq!(from_tcx(to_tcx(sport)), Some(sport));
        }
    }

    #[test]
    fn no_word_stands_there_twice() {
        for (index, (word, _)) in WORDS.iter().enumerate() {
            assert!(
                WORDS.iter().skip(index + 1).all(|(other, _)| other != word),
                "{word}"
            );
            assert_eq!(Sport::from_name(word), None, "{word} needs no line");
        }
    }
}
