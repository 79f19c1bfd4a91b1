//! Writes the files that the fuzz targets begin with, all of them made by our own code: `fuzz_seeds <folder>`.
#![allow(
    clippy::unwrap_used,
    reason = "a program of the workshop: it ends where something is wrong"
)]

#[path = "../tests/proof/generated.rs"]
mod generated;
#[path = "../tests/proof/hostile.rs"]
mod hostile;

use std::fs;
use std::path::Path;

use track::{Kind, Track, write_fit, write_gpx, write_tcx};

/// Every element that the readers know, in one file of each format.
const GPX: &str = "<?xml version='1.0'?><gpx version='1.0' creator='Edge 530'><metadata><name>a</name></metadata><course/>\
    <wpt lat='1' lon='2'><name>b</name></wpt><rte><name>c</name><rtept lat='1' lon='2'/></rte><trk><name>d</name><src>e</src>\
    <type>9</type><trkseg><trkpt lat='1.5' lon='-2'><ele>3</ele><time>2024-05-04T06:30:00.5+02:00</time><speed>4</speed>\
    <extensions><x:hr>5</x:hr><cadence>6</cadence><temp>7</temp><PowerInWatts>8</PowerInWatts></extensions></trkpt></trkseg>\
    <trkseg><trkpt lat='100' lon='2'><time>2024-05-04T06:31:00</time></trkpt></trkseg></trk></gpx>";
const TCX: &str = "  <?xml version='1.0'?><TrainingCenterDatabase><Activities><MultiSportSession><FirstSport>\
    <Activity Sport='Running'><Id>2024-05-04T06:30:00Z</Id><Lap StartTime='2024-05-04T06:30:00Z'><TotalTimeSeconds>60\
    </TotalTimeSeconds><DistanceMeters>9</DistanceMeters><MaximumSpeed>3</MaximumSpeed><Calories>1</Calories>\
    <AverageHeartRateBpm><Value>5</Value></AverageHeartRateBpm><Cadence>6</Cadence><Track><Trackpoint>\
    <Time>2024-05-04T06:30:01Z</Time><HeartRateBpm><Value>7</Value></HeartRateBpm><Extensions><TPX><Speed>1</Speed>\
    <RunCadence>8</RunCadence><Watts>9</Watts></TPX></Extensions></Trackpoint></Track></Lap><Notes>a</Notes><Creator><Name>b\
    </Name><UnitId>1</UnitId><ProductID>2</ProductID></Creator></Activity></FirstSport></MultiSportSession></Activities>\
    <Courses><Course><Name>c</Name></Course></Courses><Workouts><Workout><Name>d</Name></Workout></Workouts>\
    </TrainingCenterDatabase>";

/// About how large a file of the fuzzer should be.
const SIZE: usize = 600;

fn tracks() -> Vec<Track> {
    let whole = [1, 5].map(generated::ride);
    let bare = whole.clone().map(|track| Track {
        laps: Vec::new(),
        ..track
    });
    let kinds = [Kind::Course, Kind::Workout, Kind::Settings].map(|kind| Track {
        kind,
        ..generated::ride(2)
    });
    whole.into_iter().chain(bare).chain(kinds).collect()
}

fn put(folder: &Path, target: &str, files: impl IntoIterator<Item = Vec<u8>>) {
    let folder = folder.join(target);
    fs::create_dir_all(&folder).unwrap();
    for (number, bytes) in files.into_iter().enumerate() {
        fs::write(folder.join(format!("{number:03}")), bytes).unwrap();
    }
}

fn main() {
    let folder = std::env::args_os().nth(1);
    let folder = folder
        .as_deref()
        .map(Path::new)
        .unwrap_or(Path::new("fuzz/corpus"));
    let hostile = |files: Vec<(String, Vec<u8>)>| files.into_iter().map(|(_, bytes)| bytes);
    let written = |write: fn(&Track) -> track::Written| {
        tracks().into_iter().map(move |track| write(&track).bytes)
    };

    let fit: Vec<_> = written(write_fit).collect();
    let chained = fit.iter().take(3).flatten().copied().collect();
    put(
        folder,
        "fit",
        fit.into_iter()
            .chain([chained])
            .chain(hostile(hostile::fit(SIZE))),
    );
    let xml: Vec<_> = hostile(hostile::xml(SIZE)).collect();
    put(
        folder,
        "gpx",
        written(write_gpx).chain([GPX.into()]).chain(xml.clone()),
    );
    put(
        folder,
        "tcx",
        written(write_tcx).chain([TCX.into()]).chain(xml),
    );
    // What draws a track has no form of its own: some bytes that make every kind of value.
    let bytes = |step: usize| {
        (0..SIZE)
            .map(|index| (index * step % 251).to_le_bytes()[0])
            .collect()
    };
    for target in ["fit_round_trip", "gpx_round_trip", "tcx_round_trip"] {
        put(
            folder,
            target,
            [1, 7, 31, 67, 101, 149, 199, 241].map(bytes),
        );
    }
}
