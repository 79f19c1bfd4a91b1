//! `GarminDevice.xml`: model, unit id and where recordings lie; bytes in, words out, no disk.
//!
//! The file also carries keys of the device (`StoreKey`, `Modulus`): they are never kept in memory beyond the bytes read.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// Largest file that is read, in bytes; real ones have about 20 KiB.
pub(crate) const LARGEST: u64 = 1 << 20;
/// Deepest nesting that is followed; real files have 6.
const DEEPEST: usize = 32;
/// Most paths kept from one file.
const MOST_PATHS: usize = 32;
/// Elements whose text is wanted; all other text is passed over.
const WANTED: [&str; 6] = [
    "PartNumber",
    "Description",
    "Id",
    "Name",
    "TransferDirection",
    "Path",
];
/// Data types that are recordings (schema GarminDevicev2): FIT activities, TCX history, GPX.
const RECORDINGS: [&str; 3] = ["FIT_TYPE_4", "FitnessHistory", "GPSData"];

/// What a device says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    /// `Model/Description`, as written.
    pub(crate) model: Option<String>,
    /// `Model/PartNumber`, as written.
    pub(crate) part_number: Option<String>,
    /// `Id`: the serial of the unit.
    pub(crate) unit_id: Option<String>,
    /// Where recordings lie, from the volume's root, as written: any case, perhaps hostile.
    pub(crate) paths: Vec<String>,
}

/// Reads the file; `None` when it is malformed, cut off, or not a device description.
pub(crate) fn read(bytes: &[u8]) -> Option<Description> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut device = Unfinished::default();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => device.open(start.local_name().as_ref())?,
            Event::Text(text) if device.is_wanted() => device.text.push_str(&text.xml10_content()),
            Event::CData(text) if device.is_wanted() => device.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) if device.is_wanted() => device.text.push(letter(&entity)?),
            Event::End(_) => device.close()?,
            // Nothing a device writes needs a document type: it only brings entities.
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    (device.open.is_empty() && device.is_device).then_some(device.found)
}

fn letter(entity: &BytesRef<'_>) -> Option<char> {
    if let Some(letter) = entity.resolve_char_ref().ok()? {
        return Some(letter);
    }
    quick_xml::escape::resolve_predefined_entity(&entity.xml10_content())?
        .chars()
        .next()
}

/// What has been read so far.
#[derive(Default)]
struct Unfinished {
    open: Vec<String>,
    text: String,
    is_device: bool,
    /// `DataType/Name`.
    data: String,
    /// Of the present `File`.
    direction: String,
    path: String,
    /// Paths of the present `DataType` that lead out of the unit.
    outputs: Vec<String>,
    found: Description,
}

impl Unfinished {
    fn is_wanted(&self) -> bool {
        self.open
            .last()
            .is_some_and(|name| WANTED.contains(&name.as_str()))
            && self.text.len() < 1024
    }

    fn open(&mut self, name: impl AsRef<str>) -> Option<()> {
        let name = name.as_ref();
        if self.open.is_empty() {
            self.is_device = name == "Device" && !self.is_device;
        }
        match name {
            "DataType" => {
                self.data.clear();
                self.outputs.clear();
            }
            "File" => {
                self.direction.clear();
                self.path.clear();
            }
            _ => {}
        }
        self.text.clear();
        self.open.push(name.to_owned());
        (self.open.len() <= DEEPEST).then_some(())
    }

    fn close(&mut self) -> Option<()> {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let open: Vec<&str> = self.open.iter().map(String::as_str).collect();
        match open.as_slice() {
            ["Device", "Model", "Description"] => self.found.model = some(text),
            ["Device", "Model", "PartNumber"] => self.found.part_number = some(text),
            ["Device", "Id"] => self.found.unit_id = some(text),
            [.., "DataType", "Name"] => self.data = text,
            [.., "DataType", "File", "TransferDirection"] => self.direction = text,
            [.., "DataType", "File", "Location", "Path"] => self.path = text,
            [.., "DataType", "File"]
                if matches!(self.direction.as_str(), "OutputFromUnit" | "InputOutput") =>
            {
                self.outputs.push(std::mem::take(&mut self.path));
            }
            [.., "DataType"] if RECORDINGS.contains(&self.data.as_str()) => {
                let room = MOST_PATHS.saturating_sub(self.found.paths.len());
                self.found.paths.extend(
                    self.outputs
                        .drain(..)
                        .filter(|path| !path.is_empty())
                        .take(room),
                );
            }
            _ => {}
        }
        self.open.pop().map(|_| ())
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FENIX: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Device xmlns="http://www.garmin.com/xmlschemas/GarminDevice/v2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Model><PartNumber>006-B3289-00</PartNumber><SoftwareVersion>2700</SoftwareVersion><Description>f&#xe9;nix 6 &amp; co</Description></Model>
  <Id>3991234567</Id>
  <MassStorageMode>
    <DataType><Name>FIT_TYPE_4</Name>
      <File><Specification><Identifier>FIT</Identifier></Specification>
        <Location><Path>GARMIN/ACTIVITY</Path><FileExtension>FIT</FileExtension></Location>
        <TransferDirection>OutputFromUnit</TransferDirection></File>
      <File><Location><Path>GARMIN/NEWFILES</Path></Location><TransferDirection>InputToUnit</TransferDirection></File>
    </DataType>
    <DataType><Name>FIT_TYPE_6</Name><File><Location><Path>GARMIN/COURSES</Path></Location><TransferDirection>OutputFromUnit</TransferDirection></File></DataType>
    <DataType><Name>GPSData</Name><File><Location><Path>Garmin/GPX</Path></Location><TransferDirection>OutputFromUnit</TransferDirection></File></DataType>
    <DataType><Name>GeotaggedPhotos</Name></DataType>
    <UpdateFile><PartNumber>999</PartNumber><Path>GARMIN/RemoteSW</Path></UpdateFile>
  </MassStorageMode>
  <Extensions><StoreKey>SECRET-STORE-KEY</StoreKey><Modulus>SECRET-MODULUS</Modulus></Extensions>
</Device>"#;

    #[test]
    fn a_watch_describes_itself() {
        let expected = Description {
            model: Some("fénix 6 & co".to_owned()),
            part_number: Some("006-B3289-00".to_owned()),
            unit_id: Some("3991234567".to_owned()),
            paths: vec!["GARMIN/ACTIVITY".to_owned(), "Garmin/GPX".to_owned()],
        };
        assert_eq!(read(FENIX.as_bytes()), Some(expected));
        assert_eq!(
            read(format!("\u{feff}{FENIX}").as_bytes()),
            read(FENIX.as_bytes())
        );
    }

    #[test]
    fn keys_of_the_device_are_not_kept() {
        assert!(!format!("{:?}", read(FENIX.as_bytes())).contains("SECRET"));
    }

    #[test]
    fn malformed_descriptions_are_none() {
        for text in [
            "",
            "rubbish",
            "<Device>",
            "<Device></Model>",
            "<Other><Id>1</Id></Other>",
            "<Device/>x<",
            "<a/><Device/>",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(
            read(b"<!DOCTYPE Device [<!ENTITY a \"b\">]><Device><Id>&a;</Id></Device>"),
            None
        );
        assert_eq!(read(b"<Device><Id>&unknown;</Id></Device>"), None);
        assert_eq!(
            read(format!("<Device>{}", "<a>".repeat(100_000)).as_bytes()),
            None
        );
        assert_eq!(read(b"\xff\xfe<\0D\0e\0v\0i\0c\0e\0"), None);
    }

    #[test]
    fn no_prefix_is_taken_for_the_whole() {
        for end in 0..FENIX.len() {
            assert_eq!(read(&FENIX.as_bytes()[..end]), None, "{end} bytes");
        }
    }
}
