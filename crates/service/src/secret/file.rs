//! Secrets in a file that only its owner can read: chosen by the user, never fallen back to. Knows no OAuth.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::{Secret, SecretError, SecretStore};

/// The file's name in the folder.
const NAME: &str = "secrets.json";
/// A handful of tokens is a few kilobytes; more is not ours.
const LARGEST: u64 = 1 << 20;

/// One JSON file `secrets.json`, mode 0600, replaced in one step.
pub struct FileStore {
    folder: PathBuf,
    /// The file whose name is known to be on the disk: when it was written, and how long it is.
    lasting: Mutex<Option<(SystemTime, u64)>>,
}

impl FileStore {
    /// The file lies in `folder`, which is made (0700) when it isn't there.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            lasting: Mutex::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    fn wrong(&self, what: impl Into<String>) -> SecretError {
        SecretError::File {
            path: self.path(),
            what: what.into(),
        }
    }

    fn read(&self) -> Result<BTreeMap<String, Zeroizing<String>>, SecretError> {
        let path = self.path();
        let about = match fs::symlink_metadata(&path) {
            Ok(about) => about,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(self.wrong(format!("cannot be read: {error}"))),
        };
        if !about.is_file() {
            return Err(self.wrong("is not a plain file"));
        }
        if about.len() > LARGEST {
            return Err(self.wrong("is far too large to be Trackdock's"));
        }
        tighten(&path, &about).map_err(|error| {
            self.wrong(format!(
                "can be read by others, and that cannot be changed: {error}"
            ))
        })?;
        let unread = |error| self.wrong(format!("cannot be read: {error}"));
        // From here on it is one file, whatever takes its name meanwhile.
        let file = File::open(&path).map_err(unread)?;
        file.metadata()
            .and_then(|about| self.make_last(&about))
            .map_err(|error| self.wrong(format!("may not last: {error}")))?;
        let mut text = Zeroizing::new(String::new());
        file.take(LARGEST)
            .read_to_string(&mut text)
            .map_err(unread)?;
        // The parser's own words are left out: they may quote what the file holds.
        let plain: BTreeMap<String, String> =
            serde_json::from_str(&text).map_err(|_| self.wrong("is damaged"))?;
        Ok(plain
            .into_iter()
            .map(|(name, secret)| (name, Zeroizing::new(secret)))
            .collect())
    }

    fn change(
        &self,
        edit: impl FnOnce(&mut BTreeMap<String, Zeroizing<String>>),
    ) -> Result<(), SecretError> {
        make_private(&self.folder)
            .map_err(|error| self.wrong(format!("cannot be written: {error}")))?;
        // Two processes may change it at once; the lock goes with the handle.
        let lock = open_private(&self.folder.join("secrets.lock"), false)
            .map_err(|error| self.wrong(format!("cannot be locked: {error}")))?;
        lock.lock()
            .map_err(|error| self.wrong(format!("cannot be locked: {error}")))?;
        let mut secrets = self.read()?;
        edit(&mut secrets);
        let plain: BTreeMap<&str, &str> = secrets
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.as_str()))
            .collect();
        let text = serde_json::to_string(&plain)
            .map(Zeroizing::new)
            .map_err(|_| self.wrong("cannot be written"))?;
        self.replace(text.as_bytes())
            .map_err(|error| self.wrong(format!("cannot be written: {error}")))
    }

    /// Whoever put the file there may have ended, or failed, before its name was on the disk. What is read from it is used, at the
    /// service, too, and must not be followed by what was there before.
    fn make_last(&self, about: &fs::Metadata) -> std::io::Result<()> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        let this = Some(stamp(about)?);
        if *lasting == this {
            return Ok(());
        }
        match sync_folder(&self.folder) {
            Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(error),
            // In a folder that may not be listed names are the system's business.
            _ => {
                *lasting = this;
                Ok(())
            }
        }
    }

    /// Write beside it, fsync, rename, fsync the folder: after a power cut it is the old file or the new one.
    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        let beside = self.folder.join("secrets.json.new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = open_private(&beside, true)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, self.path())?;
        sync_folder(&self.folder)?;
        // It need not be made to last again when it is read back.
        let this = file.metadata().and_then(|about| stamp(&about));
        *self.lasting.lock().unwrap_or_else(PoisonError::into_inner) = this.ok();
        Ok(())
    }
}

impl SecretStore for FileStore {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok(self
            .read()?
            .get(name)
            .map(|secret| Secret::new(secret.as_str())))
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        let text = Zeroizing::new(secret.expose().to_owned());
        self.change(|secrets| {
            secrets.insert(name.to_owned(), text);
        })
    }

    fn delete(&self, name: &str) -> Result<(), SecretError> {
        if !self.read()?.contains_key(name) {
            return Ok(());
        }
        self.change(|secrets| {
            secrets.remove(name);
        })
    }

    fn place(&self) -> String {
        format!(
            "in the file {}, which only you can read",
            self.path().display()
        )
    }
}

/// What tells a file from the one before it.
fn stamp(about: &fs::Metadata) -> std::io::Result<(SystemTime, u64)> {
    Ok((about.modified()?, about.len()))
}

#[cfg(unix)]
fn tighten(path: &Path, about: &fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if about.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!("the secrets file could be read by others; it is now closed to them");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn tighten(_path: &Path, _about: &fs::Metadata) -> std::io::Result<()> {
    // The user's profile folder is private there.
    Ok(())
}

fn open_private(path: &Path, new: bool) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).create_new(new);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    // A folder cannot be opened for this there; the rename is journalled.
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_file_is_private_from_its_first_moment_to_its_last() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("data");
        let store = FileStore::new(&inner);
        assert!(store.get("a").unwrap().is_none());
        store.delete("a").unwrap();
        store.set("a", &Secret::new("one")).unwrap();
        store.set("b", &Secret::new("ü/+=:")).unwrap();
        assert_eq!(mode(&inner), 0o700);
        assert_eq!(mode(&inner.join(NAME)), 0o600);
        assert_eq!(
            FileStore::new(&inner).get("b").unwrap().unwrap().expose(),
            "ü/+=:"
        );
        store.delete("a").unwrap();
        assert!(store.get("a").unwrap().is_none());
        assert!(
            !fs::read_to_string(inner.join(NAME))
                .unwrap()
                .contains("one")
        );
        assert!(!inner.join("secrets.json.new").exists());
    }

    #[test]
    fn an_open_file_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, r#"{"a":"1"}"#).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(FileStore::new(folder.path()).get("a").unwrap().is_some());
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_damaged_file_is_said_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, "{\"a\": \"canary").unwrap();
        let store = FileStore::new(folder.path());
        let error = store.set("b", &Secret::new("x")).unwrap_err();
        assert_eq!(error.code(), "secrets_file");
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\": \"canary");
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("elsewhere");
        fs::write(&target, r#"{"a":"1"}"#).unwrap();
        symlink(&target, folder.path().join(NAME)).unwrap();
        let Err(error) = FileStore::new(folder.path()).get("a") else {
            panic!("the link was followed")
        };
        assert!(error.to_string().contains("not a plain file"), "{error}");
    }

    #[test]
    fn writers_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for number in 0..16 {
                let path = folder.path();
                scope.spawn(move || {
                    FileStore::new(path)
                        .set(&format!("n{number}"), &Secret::new("x"))
                        .unwrap()
                });
            }
        });
        let store = FileStore::new(folder.path());
        assert!((0..16).all(|number| store.get(&format!("n{number}")).unwrap().is_some()));
    }
}
