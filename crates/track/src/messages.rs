//! Every message of a FIT file by its profile name, for the curious: by fitparser, guarded. Knows nothing of tracks.

use std::collections::HashMap;
use std::panic;

use fitparser::de::{DecodeOption, FitObject, FitStreamProcessor};
use fitparser::{FitDataField, FitDataRecord, Value};
use jiff::Timestamp;

use crate::{Format, ReadError, fit};

/// One message of a FIT file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its name in Garmin's profile (`record`), or its number where it has none.
    pub name: String,
    /// Its fields in the order of the file.
    pub fields: Vec<Field>,
}

/// One field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in Garmin's profile, or the file's own description.
    pub name: String,
    /// Its value as text, scaled.
    pub value: String,
    /// Its unit; empty where it has none.
    pub units: String,
}

/// The largest file whose messages are listed: the list takes about 80 times the file's size.
const LIMIT: usize = 8 << 20;

/// Every message of a FIT file, packed with gzip or not. A damaged file gives the messages before the damage.
///
/// # Errors
/// When it is no FIT file, larger than 8 MiB, or damaged so that not one message could be read.
pub fn messages(bytes: &[u8]) -> Result<Vec<Message>, ReadError> {
    let unpacked = crate::unpack::inflate(bytes)?.bytes;
    if unpacked.len() > LIMIT {
        return Err(ReadError::TooLarge {
            limit_mib: (LIMIT >> 20) as u64,
        });
    }
    if Format::of(&unpacked) != Some(Format::Fit) {
        return Err(match Format::of(&unpacked) {
            Some(_) => ReadError::NotARecording {
                looks_like: "a GPX or TCX file, which has no FIT messages",
            },
            None => crate::format::refusal(&unpacked),
        });
    }
    let mut all = Vec::new();
    for part in fit::sequences(&unpacked)? {
        // Headers and lengths are right by now; this is the belt to those braces, for code that is not ours.
        let listed = panic::catch_unwind(|| list(&part)).unwrap_or_default();
        all.extend(listed);
    }
    if all.is_empty() {
        Err(ReadError::CutOff)
    } else {
        Ok(all)
    }
}

/// The messages of one part, up to the first that fitparser does not take.
fn list(part: &[u8]) -> Vec<Message> {
    let mut processor = FitStreamProcessor::new();
    // The checksums have been looked at by our own reader.
    processor.add_option(DecodeOption::SkipHeaderCrcValidation);
    processor.add_option(DecodeOption::SkipDataCrcValidation);
    let mut all = Vec::new();
    let mut rest = part;
    while !rest.is_empty() {
        let Ok((after, object)) = processor.deserialize_next(rest) else {
            break;
        };
        if let FitObject::DataMessage(message) = object {
            // fitparser turns times into the computer's zone: the file's own numbers are kept beside.
            let raw = message.fields().clone();
            let Ok(record) = processor.decode_message(message) else {
                break;
            };
            all.push(message_of(&record, &raw));
        }
        rest = after;
    }
    all
}

fn message_of(record: &FitDataRecord, raw: &HashMap<u8, Value>) -> Message {
    let field = |field: &FitDataField| Field {
        name: field.name().to_owned(),
        value: text_of(field, raw.get(&field.number())),
        units: field.units().to_owned(),
    };
    Message {
        name: record.kind().to_string(),
        fields: record.fields().iter().map(field).collect(),
    }
}

fn text_of(field: &FitDataField, raw: Option<&Value>) -> String {
    let Value::Timestamp(time) = field.value() else {
        return field.value().to_string();
    };
    let seconds = match raw {
        Some(Value::UInt32(seconds)) => i64::from(*seconds) + fit::EPOCH_S,
        _ => time.timestamp(),
    };
    let Ok(time) = Timestamp::from_second(seconds) else {
        return seconds.to_string();
    };
    // A local time has no zone of its own.
    let text = time.to_string();
    if field.name().contains("local") {
        text.trim_end_matches('Z').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Point, Track, write_fit};

    fn file() -> Vec<u8> {
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        let point = |n: i64| Point {
            time: Some(at(n)),
            heart_rate_bpm: Some(120.0),
            ..Point::default()
        };
        let points = (0..10).map(point).collect();
        let track = Track {
            kind: Kind::Activity,
            utc_offset_s: Some(3600),
            points,
            ..Track::default()
        };
        write_fit(&track).bytes
    }

    fn value(messages: &[Message], message: &str, field: &str) -> String {
        let message = messages.iter().find(|each| each.name == message).unwrap();
        message
            .fields
            .iter()
            .find(|each| each.name == field)
            .unwrap()
            .value
            .clone()
    }

    #[test]
    fn names_and_values() {
        let all = messages(&file()).unwrap();
        assert_eq!(value(&all, "record", "heart_rate"), "120");
        assert_eq!(value(&all, "record", "timestamp"), "2023-11-14T22:13:20Z");
        assert_eq!(
            value(&all, "activity", "local_timestamp"),
            "2023-11-14T23:13:29"
        );
    }

    #[test]
    fn damage_never_panics() {
        let whole = file();
        for length in 0..whole.len() {
            let listed = messages(&whole[..length]);
            assert!(
                listed.is_err() || listed.is_ok_and(|all| all.len() <= 16),
                "{length}"
            );
        }
        assert_eq!(messages(b"<gpx/>").unwrap_err().code(), "not_a_recording");
        assert_eq!(messages(&vec![0; 9 << 20]).unwrap_err().code(), "too_large");
        let mut unclosed = whole.clone();
        unclosed[4..8].fill(0);
        assert_eq!(
            messages(&unclosed).unwrap().len(),
            messages(&whole).unwrap().len()
        );
    }
}
