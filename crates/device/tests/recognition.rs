//! Devices built in temporary folders are recognised by what they hold; knows no real device.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

use std::fs;
use std::path::{Path, PathBuf};

use device::{Device, DeviceError, DeviceKind, Mount, Recording, folder, recognise};
use tempfile::TempDir;

fn list(device: &Device) -> Result<Vec<Recording>, DeviceError> {
    device::list(device, device::MOST_NAMES).map(|listing| listing.recordings)
}

fn build(paths: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in paths {
        // A path that ends in `/.` is an empty folder.
        if let Some(folder) = path.strip_suffix("/.") {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            continue;
        }
        let is_description = path.to_lowercase().ends_with("garmindevice.xml");
        let text = if is_description {
            description("GARMIN/ACTIVITY")
        } else {
            "recording".to_owned()
        };
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    root
}

fn description(path: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Device xmlns=\"http://www.garmin.com/xmlschemas/GarminDevice/v2\">\
        <Model><PartNumber>006-B3289-00</PartNumber><Description>fenix 6</Description></Model><Id>3991234567</Id>\
        <MassStorageMode><DataType><Name>FIT_TYPE_4</Name><File><Location><Path>{path}</Path></Location>\
        <TransferDirection>OutputFromUnit</TransferDirection></File></DataType></MassStorageMode></Device>"
    )
}

fn mount(root: &Path) -> Mount {
    Mount {
        id: 77,
        root: root.to_owned(),
        within: PathBuf::from("/"),
        source: "tmpfs".to_owned(),
        file_system: "tmpfs".to_owned(),
        device: (0, 99),
        disk: None,
        read_only: false,
    }
}

#[track_caller]
fn check(paths: &[&str], kind: DeviceKind, name: &str, folders: &[&str]) -> Device {
    let root = build(paths);
    let device =
        recognise(&mount(root.path())).unwrap_or_else(|| panic!("not recognised: {paths:?}"));
    assert_eq!(device.kind, kind, "{paths:?}");
    assert_eq!(
        device.folders,
        folders.iter().map(PathBuf::from).collect::<Vec<_>>(),
        "{paths:?}"
    );
    if !name.is_empty() {
        assert_eq!(device.name, name, "{paths:?}");
    }
    device
}

#[test]
fn garmin_by_its_folders_in_any_case() {
    for (path, folder) in [
        ("Garmin/Activities/a.fit", "Garmin/Activities"),
        ("GARMIN/ACTIVITY/a.fit", "GARMIN/ACTIVITY"),
        ("Garmin/Activity/a.fit", "Garmin/Activity"),
        ("garmin/aCTIVITY/a.fit", "garmin/aCTIVITY"),
        ("Primary/GARMIN/Activity/a.fit", "Primary/GARMIN/Activity"),
        (
            "Internal Storage/Garmin/Activities/a.fit",
            "Internal Storage/Garmin/Activities",
        ),
        (
            "Internal storage/Garmin/Activities/a.fit",
            "Internal storage/Garmin/Activities",
        ),
        ("Garmin/GPX/Archive/a.gpx", "Garmin/GPX/Archive"),
        ("garmin/gpx/archive/a.gpx", "garmin/gpx/archive"),
        ("Garmin/Activities/.", "Garmin/Activities"),
    ] {
        let device = check(&[path], DeviceKind::Garmin, "", &[folder]);
        assert!(device.id.starts_with("volume:"), "{}", device.id);
        assert!(!device.needs_yes());
    }
}

#[test]
fn garmin_by_its_description() {
    for (paths, folders) in [
        (
            vec!["Garmin/GarminDevice.xml", "Garmin/Activity/a.fit"],
            vec!["Garmin/Activity"],
        ),
        (
            vec!["GARMIN/garmindevice.XML", "GARMIN/ACTIVITY/."],
            vec!["GARMIN/ACTIVITY"],
        ),
        (vec!["garmin/GarminDevice.xml"], vec![]),
        (
            vec![
                "Primary/GARMIN/GarminDevice.xml",
                "Primary/GARMIN/activity/.",
            ],
            vec!["Primary/GARMIN/activity"],
        ),
    ] {
        let device = check(&paths, DeviceKind::Garmin, "fenix 6", &folders);
        assert_eq!(device.id, "garmin:3991234567");
    }
}

#[test]
fn the_descriptions_own_path_is_found_in_another_case() {
    let root = build(&["Garmin/Log/Rides/a.fit", "Garmin/GarminDevice.xml"]);
    fs::write(
        root.path().join("Garmin/GarminDevice.xml"),
        description("GARMIN\\LOG\\rides\\"),
    )
    .unwrap();
    let device = recognise(&mount(root.path())).unwrap();
    assert_eq!(device.folders, [PathBuf::from("Garmin/Log/Rides")]);
}

#[test]
fn a_broken_or_hostile_description_falls_back_to_folders() {
    let huge = format!("<Device><Id>1</Id><x>{}</x></Device>", " ".repeat(2 << 20));
    for (text, id) in [
        ("<Device><Id>1</Id>".to_owned(), "volume:"),
        (String::new(), "volume:"),
        (huge, "volume:"),
        (description("../../../etc"), "garmin:"),
        (description("/etc/ssl"), "garmin:"),
        (description("Garmin"), "garmin:"),
        (description("."), "garmin:"),
        (description("*/*"), "garmin:"),
        (
            description("GARMIN/ACTIVITY").replace("3991234567", "../../x"),
            "volume:",
        ),
    ] {
        let root = build(&["Garmin/Activity/a.fit"]);
        fs::write(root.path().join("Garmin/GarminDevice.xml"), &text).unwrap();
        let device = recognise(&mount(root.path())).unwrap();
        assert_eq!(
            device.folders,
            [PathBuf::from("Garmin/Activity")],
            "{:.80}",
            text
        );
        assert!(device.id.starts_with(id), "{} {:.80}", device.id, text);
    }
}

#[test]
fn other_makers() {
    use DeviceKind::Maker;
    check(
        &["iGPSPORT/Activities/a.fit"],
        Maker,
        "iGPSPORT",
        &["iGPSPORT/Activities"],
    );
    check(
        &["Activities/a.fit", "ExtraFiles/c.gpx"],
        Maker,
        "Bryton",
        &["Activities"],
    );
    check(
        &["USB storage/exports/a.fit", "USB storage/plans/."],
        Maker,
        "Wahoo ELEMNT",
        &["USB storage/exports"],
    );
    check(
        &["FitFiles/a.fit"],
        Maker,
        "Hammerhead Karoo",
        &["FitFiles"],
    );
    check(
        &[
            "Apps/Run/Activity/202611/a.fit",
            "Apps/Bike/Activity/202610/b.fit",
        ],
        Maker,
        "UNA",
        &["Apps/Bike/Activity", "Apps/Run/Activity"],
    );
}

#[test]
fn makers_that_keep_their_activities_say_so() {
    for label in ["COROS PACE 3", "ONMOVE-200"] {
        let root = tempfile::tempdir().unwrap();
        let volume = root.path().join(label);
        fs::create_dir_all(volume.join("Music")).unwrap();
        let device = recognise(&mount(&volume)).unwrap();
        assert_eq!(
            (device.kind, device.name.as_str()),
            (DeviceKind::Maker, label)
        );
        assert!(device.folders.is_empty() && device.note.is_some());
    }
}

#[test]
fn recordings_near_the_root_need_a_yes() {
    for path in ["a.fit", "rides/a.GPX", "rides/2024/a.tcx.gz"] {
        let device = check(&[path, "DCIM/x.jpg"], DeviceKind::Recordings, "", &[""]);
        assert!(device.needs_yes());
    }
}

#[test]
fn other_volumes_are_no_devices() {
    for paths in [
        vec!["DCIM/x.jpg"],
        vec![],
        vec!["Garmin/gmapsupp.img"],
        vec!["a/b/c/d/a.fit"],
        vec![".Trashes/a.fit"],
        vec!["._a.fit"],
        vec!["Android/data/.", "DCIM/.", "Download/a.gpx"],
        vec!["exports/a.csv"],
        vec!["Activities/a.txt"],
    ] {
        let root = build(&paths);
        assert_eq!(recognise(&mount(root.path())), None, "{paths:?}");
    }
    assert_eq!(recognise(&mount(Path::new("/does/not/exist"))), None);
}

#[test]
fn a_named_folder_is_a_device_or_a_plain_folder() {
    let watch = build(&["GARMIN/GarminDevice.xml", "GARMIN/ACTIVITY/a.fit"]);
    let device = folder(watch.path()).unwrap();
    assert_eq!(
        (device.kind, device.id.as_str()),
        (DeviceKind::Garmin, "garmin:3991234567")
    );
    assert_eq!(list(&device).unwrap().len(), 1);

    let plain = build(&["x/a.fit"]);
    let device = folder(plain.path()).unwrap();
    let real = fs::canonicalize(plain.path()).unwrap();
    assert_eq!(
        (device.kind, device.id.clone()),
        (DeviceKind::Folder, format!("folder:{}", real.display()))
    );
    assert_eq!(list(&device).unwrap().len(), 1);

    let empty = tempfile::tempdir().unwrap();
    assert_eq!(list(&folder(empty.path()).unwrap()).unwrap(), []);
}

#[test]
fn folders_that_cannot_be_used_say_why() {
    let root = build(&["a.fit"]);
    for (path, code) in [
        (root.path().join("none"), "no_folder"),
        (root.path().join("a.fit"), "not_a_folder"),
        (root.path().join("a.fit/b"), "not_a_folder"),
        (PathBuf::from("/"), "system_folder"),
        (PathBuf::from("/proc"), "system_folder"),
    ] {
        let error = folder(&path).unwrap_err();
        assert_eq!(error.code(), code, "{}", path.display());
        assert!(
            error.to_string().contains(&path.display().to_string()) && error.hint().ends_with('.')
        );
    }
}
