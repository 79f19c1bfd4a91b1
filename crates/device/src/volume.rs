//! Names of a volume: its file system's UUID and label; does not look into it.

use std::path::Path;

use crate::mounts::Mount;
use crate::names;

/// The label of a volume, for people: as the file system has it, else the last part of where it is mounted.
pub(crate) fn label(mount: &Mount, root: &Path) -> String {
    if let Some(host) = mtp_host(root) {
        return host;
    }
    if let Some(label) = link_to(Path::new("/dev/disk/by-label"), mount) {
        return names::plain(&label);
    }
    let last = root
        .file_name()
        .map(|name| names::plain(&name.to_string_lossy()))
        .unwrap_or_default();
    if last.is_empty() {
        "Volume".to_owned()
    } else {
        last
    }
}

/// The id of a volume without a unit id of its own.
pub(crate) fn id(mount: &Mount, root: &Path) -> String {
    // The folder's name of an MTP store holds the maker, the model and the serial number.
    if let (Some(_), Some(name)) = (mtp_host(root), root.file_name()) {
        let name = name.to_string_lossy();
        return format!(
            "volume:{}-{:016x}",
            names::word(&label(mount, root)),
            names::hash(name.as_bytes())
        );
    }
    if let Some(uuid) = link_to(Path::new("/dev/disk/by-uuid"), mount) {
        return format!("volume:{}", names::word(&uuid));
    }
    let label = label(mount, root);
    let hash = names::hash(format!("{label}\0{}", mount.source).as_bytes());
    format!("volume:{}-{hash:016x}", names::word(&label))
}

/// "Garmin Edge 1050" from `mtp:host=Garmin_Edge_1050_0000d118d100`.
fn mtp_host(root: &Path) -> Option<String> {
    let name = root.file_name()?.to_str()?.strip_prefix("mtp:host=")?;
    let name = unpercent(name);
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let is_serial =
        |word: &&str| word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = match words.split_last() {
        Some((last, before)) if is_serial(last) && !before.is_empty() => before,
        _ => words.as_slice(),
    };
    let host = names::plain(&words.join(" "));
    Some(if host.is_empty() {
        "MTP device".to_owned()
    } else {
        host
    })
}

fn unpercent(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The name of the link in a folder of udev's that leads to the mount's block device.
#[cfg(target_os = "linux")]
fn link_to(folder: &Path, mount: &Mount) -> Option<String> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    if mount.device.0 == 0 {
        return None;
    }
    let is_it = |path: std::path::PathBuf| {
        let node = std::fs::metadata(path).ok()?;
        let device = (
            rustix::fs::major(node.rdev()),
            rustix::fs::minor(node.rdev()),
        );
        (node.file_type().is_block_device() && device == mount.device).then_some(())
    };
    let links = std::fs::read_dir(folder).ok()?.flatten().take(1000);
    let mut found = links
        .filter(|link| is_it(link.path()).is_some())
        .map(|link| link.file_name());
    found
        .next()
        .map(|name| unescape_udev(&name.to_string_lossy()))
}

#[cfg(not(target_os = "linux"))]
fn link_to(_folder: &Path, _mount: &Mount) -> Option<String> {
    None
}

/// Udev writes a blank as `\x20`.
#[cfg(target_os = "linux")]
fn unescape_udev(name: &str) -> String {
    unpercent(&name.replace('%', "%25").replace("\\x", "%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_mtp_stores() {
        for (root, expected) in [
            (
                "/run/user/1000/gvfs/mtp:host=Garmin_Edge_1050_0000d118d100",
                Some("Garmin Edge 1050"),
            ),
            (
                "/run/user/1000/gvfs/mtp:host=091e_4b48_0000c4fa0516",
                Some("091e 4b48"),
            ),
            (
                "/run/user/1000/gvfs/mtp:host=v%C3%ADvoactive_5",
                Some("vívoactive 5"),
            ),
            ("/run/user/1000/gvfs/mtp:host=", Some("MTP device")),
            ("/run/user/1000/gvfs/mtp:host=%zz%", Some("%zz%")),
            ("/run/user/1000/gvfs/smb-share:server=a", None),
        ] {
            assert_eq!(mtp_host(Path::new(root)).as_deref(), expected, "{root}");
        }
    }

    #[test]
    fn ids_do_not_depend_on_the_mounts_number() {
        let mount = |id, source: &str| Mount {
            id,
            root: "/media/GARMIN".into(),
            within: "/".into(),
            source: source.to_owned(),
            file_system: "vfat".to_owned(),
            device: (0, 40),
            disk: None,
            read_only: false,
        };
        let first = id(&mount(1, "x"), Path::new("/media/GARMIN"));
        assert_eq!(first, id(&mount(2, "x"), Path::new("/media/GARMIN")));
        assert_ne!(first, id(&mount(1, "y"), Path::new("/media/GARMIN")));
        assert!(first.starts_with("volume:GARMIN-"), "{first}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn labels_of_udev() {
        assert_eq!(unescape_udev("COROS\\x20PACE\\x203"), "COROS PACE 3");
        assert_eq!(unescape_udev("100%\\x2f"), "100%/");
    }
}
