//! Archives as peers and attackers make them, against what is read of them. Knows no recording but its first bytes.

use std::io::Write as _;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const GPX: &[u8] = b"<gpx version='1.1'></gpx>";

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        if name.ends_with('/') {
            zip.add_directory(*name, SimpleFileOptions::default())
                .unwrap();
            continue;
        }
        let method = if name.contains("stored") {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        zip.start_file(
            *name,
            SimpleFileOptions::default().compression_method(method),
        )
        .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn all(bytes: &[u8]) -> Vec<(String, Content)> {
    let entries = Archive::open(bytes).unwrap();
    entries.map(|entry| (entry.name, entry.content)).collect()
}

#[track_caller]
fn check(files: &[(&str, &[u8])], expected: &[(&str, Content)]) {
    let found = all(&packed(files));
    let found: Vec<_> = found
        .iter()
        .map(|(name, content)| (name.as_str(), content.clone()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_inside_comes_in_its_order() {
    let inner = packed(&[("a.gpx", GPX)]);
    check(
        &[
            ("z/", b""),
            ("z/ride.bin", GPX),
            ("readme.txt", b"Hello"),
            ("../../stored.FIT", b"no fit"),
            ("a.fit.gz", b"\x1f\x8b..."),
            ("__MACOSX/z/._ride.gpx", b"\0\x05\x16\x07"),
            (".hidden.gpx", GPX),
            ("more.zip", &inner),
        ],
        &[
            ("z/ride.bin", Content::Recording(GPX.to_vec())),
            ("readme.txt", Content::Other),
            ("../../stored.FIT", Content::Recording(b"no fit".to_vec())),
            ("a.fit.gz", Content::Recording(b"\x1f\x8b...".to_vec())),
            ("__MACOSX/z/._ride.gpx", Content::Other),
            (".hidden.gpx", Content::Other),
            (
                "more.zip",
                Content::Refused(refused("it is an archive inside an archive")),
            ),
        ],
    );
    check(&[], &[]);
}

#[test]
fn bombs_are_defused() {
    let large = vec![b' '; 65 << 20];
    // A ratio over 100.
    let found = all(&packed(&[("a.gpx", &large), ("b.gpx", GPX)]));
    let expected = ReadError::TooLarge { limit_mib: 64 };
    assert_eq!(found[0].1, Content::Refused(expected));
    assert_eq!(found[1].1, Content::Recording(GPX.to_vec()));
    // Each within its limits, all of them not.
    let noise: Vec<u8> = (0..10_u32 << 20)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let found = all(&packed(&[
        ("stored 1.gpx", &noise),
        ("stored 2.gpx", &noise),
        ("c.gpx", GPX),
    ]));
    assert_eq!(found.len(), 2);
    assert!(matches!(&found[0].1, Content::Recording(bytes) if bytes.len() == noise.len()));
    assert!(matches!(
        &found[1].1,
        Content::Refused(ReadError::Archive { .. })
    ));
    // Too many.
    let names: Vec<String> = (0..=MOST_ENTRIES).map(|n| format!("{n}.gpx")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), GPX)).collect();
    assert!(Archive::open(&packed(&files)).is_err());
}

#[test]
fn photos_beside_the_rides_cost_nothing() {
    let photo = vec![7; 70 << 20];
    let found = all(&packed(&[("photo.jpg", &photo), ("ride.gpx", GPX)]));
    assert_eq!(found[0].1, Content::Other);
    assert_eq!(found[1].1, Content::Recording(GPX.to_vec()));
}

#[test]
fn what_cannot_be_unpacked_is_said() {
    let mut locked = packed(&[("a.gpx", GPX)]);
    // The flag of encryption, in the entry's own head and in the directory.
    locked[6] |= 1;
    let directory = locked
        .windows(4)
        .position(|four| four == DIRECTORY_MARK)
        .unwrap();
    locked[directory + 8] |= 1;
    let found = all(&locked);
    let expected = refused("it is locked with a password");
    assert_eq!(found[0].1, Content::Refused(expected));

    let mut odd = packed(&[("a.gpx", GPX)]);
    odd[8] = 99;
    odd[directory + 10] = 98;
    assert!(matches!(
        all(&odd)[0].1,
        Content::Refused(ReadError::Archive { .. })
    ));

    let mut wrong = packed(&[("stored.gpx", GPX)]);
    let at = wrong.windows(4).position(|four| four == b"<gpx").unwrap();
    wrong[at + 6] ^= 1;
    let expected = refused("it is damaged");
    assert_eq!(all(&wrong)[0].1, Content::Refused(expected));

    assert!(Archive::open(b"PK\x03\x04").is_err());
    let whole = packed(&[("a.gpx", GPX)]);
    for end in 0..whole.len() {
        // No cut makes it panic, and nothing is found without the directory at the end.
        assert!(Archive::open(&whole[..end]).map_or(0, Iterator::count) == 0);
    }
}
