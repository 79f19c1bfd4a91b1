//! The files of a device that are no single activity: its description, its settings, its day's steps, a GPX of two walks.

use jiff::Timestamp;
use track::Track;

/// What the device says of itself. Own words, in the shape that Garmin's devices use.
pub(crate) const GARMIN_DEVICE_XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<Device xmlns="http://www.garmin.com/xmlschemas/GarminDevice/v2">
  <Model>
    <PartNumber>006-B3121-00</PartNumber>
    <SoftwareVersion>975</SoftwareVersion>
    <Description>Edge 530 (sample)</Description>
  </Model>
  <Id>3900000042</Id>
  <DisplayName>Sample Edge 530</DisplayName>
  <MassStorageMode>
    <DataType>
      <Name>FIT_TYPE_4</Name>
      <File>
        <Specification><Identifier>FIT</Identifier></Specification>
        <Location><Path>GARMIN/Activity</Path><FileExtension>FIT</FileExtension></Location>
        <TransferDirection>OutputFromUnit</TransferDirection>
      </File>
    </DataType>
    <DataType>
      <Name>FitnessHistory</Name>
      <File>
        <Specification><Identifier>http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2</Identifier></Specification>
        <Location><Path>GARMIN/History</Path><FileExtension>TCX</FileExtension></Location>
        <TransferDirection>OutputFromUnit</TransferDirection>
      </File>
    </DataType>
    <DataType>
      <Name>GPSData</Name>
      <File>
        <Specification><Identifier>http://www.topografix.com/GPX/1/1</Identifier></Specification>
        <Location><Path>GARMIN/GPX/Archive</Path><FileExtension>GPX</FileExtension></Location>
        <TransferDirection>OutputFromUnit</TransferDirection>
      </File>
    </DataType>
  </MassStorageMode>
</Device>
"#;

/// Several tracks in one GPX file: the first file's head, then each file's `<trk>`.
pub(crate) fn one_gpx(tracks: &[Track]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let texts = tracks
        .iter()
        .map(|track| String::from_utf8(track::write_gpx(track).bytes));
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    let mut all = String::new();
    for text in &texts {
        let begin = text.find("<trk>").ok_or("a GPX file without a track")?;
        let end = text.rfind("</gpx>").ok_or("a GPX file without an end")?;
        if all.is_empty() {
            all.push_str(&text[..begin]);
        }
        all.push_str(&text[begin..end]);
    }
    all.push_str("</gpx>\n");
    Ok(all.into_bytes())
}

/// A settings file: `file_id` of type 2 and nothing that was ever ridden.
pub(crate) fn settings_fit(now: Timestamp) -> Vec<u8> {
    fit(2, now)
}

/// A day's steps: `file_id` of type 32 (monitoring, kind B).
pub(crate) fn monitoring_fit(now: Timestamp) -> Vec<u8> {
    fit(32, now)
}

/// A FIT file of one `file_id` message (type, manufacturer, product, serial number, time created).
fn fit(kind: u8, now: Timestamp) -> Vec<u8> {
    /// FIT counts seconds from 1989-12-31T00:00:00Z.
    const FIT_EPOCH: i64 = 631_065_600;
    let mut data = vec![0x40, 0, 0, 0, 0, 5];
    data.extend([0, 1, 0x00, 1, 2, 0x84, 2, 2, 0x84, 3, 4, 0x8C, 4, 4, 0x86]);
    data.extend([0x00, kind]);
    data.extend(1_u16.to_le_bytes());
    data.extend(3121_u16.to_le_bytes());
    data.extend(3_900_000_042_u32.to_le_bytes());
    let created = u32::try_from(now.as_second() - FIT_EPOCH).unwrap_or(0);
    data.extend(created.to_le_bytes());

    let mut file = vec![14, 0x20, 0x5C, 0x08];
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(b".FIT");
    file.extend(crc(&file).to_le_bytes());
    file.extend(data);
    file.extend(crc(&file).to_le_bytes());
    file
}

/// FIT's checksum: CRC-16/ARC.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |mut crc, byte| {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xA001
            } else {
                crc >> 1
            };
        }
        crc
    })
}
