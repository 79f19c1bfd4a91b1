//! What GPX and TCX share: decoding to text, a forgiving pull reader, numbers, times, and writing. Knows neither format.

mod attributes;
mod clock;
mod decode;
mod line;
mod number;
pub(crate) mod pauses;
mod plain;
mod pull;
mod reference;
mod time;
mod write;

pub(crate) use attributes::Attributes;
pub(crate) use clock::{Clock, read as read_time};
pub(crate) use decode::{Text, decode};
pub(crate) use line::Line;
pub(crate) use number::{number, number_single};
pub(crate) use pull::{Sink, pull};
pub(crate) use reference::{clean, is_allowed};
use time::{Moment, Zone, moment};
pub(crate) use write::{Writer, rounded, west_of_180};

/// Makers that name themselves in the name of a device or program, in lower case, and the maker they stand for.
const MAKERS: [(&str, &str); 24] = [
    ("amazfit", "amazfit"),
    ("bryton", "bryton"),
    ("coros", "coros"),
    ("edge", "garmin"),
    ("epix", "garmin"),
    ("etrex", "garmin"),
    ("fenix", "garmin"),
    ("fēnix", "garmin"),
    ("forerunner", "garmin"),
    ("garmin", "garmin"),
    ("gpsmap", "garmin"),
    ("hammerhead", "hammerhead"),
    ("instinct", "garmin"),
    ("lezyne", "lezyne"),
    ("oregon", "garmin"),
    ("polar", "polar"),
    ("sigma", "sigma"),
    ("strava", "strava"),
    ("suunto", "suunto"),
    ("tomtom", "tomtom"),
    ("venu", "garmin"),
    ("vívoactive", "garmin"),
    ("wahoo", "wahoo_fitness"),
    ("zepp", "amazfit"),
];

/// The maker that the name of a device or program begins with, as FIT spells makers.
pub(crate) fn maker(product: &str) -> Option<String> {
    let product = product.to_lowercase();
    let known = MAKERS.iter().find(|(word, _)| product.starts_with(word));
    known.map(|(_, maker)| (*maker).to_owned())
}
