//! Which secret store is used, and under which name; and that no memory with secrets in it is left lying about.

use std::path::Path;
use std::sync::Arc;

use service::{FileStore, KeyringStore, SecretStore, SessionStore};

/// Where sign-ins are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsPlace {
    /// The desktop's keyring.
    Keyring,
    /// Memory: gone when the program ends.
    Session,
    /// A file in the data folder that only its owner can read.
    File,
}

/// The store for this data folder. Two data folders share no sign-in: the keyring's entries carry the folder's name, but for
/// the usual one.
pub(crate) fn store(place: SecretsPlace, data_dir: &Path) -> Arc<dyn SecretStore> {
    match place {
        SecretsPlace::Keyring => Arc::new(KeyringStore::new(keyring_name(data_dir))),
        SecretsPlace::Session => Arc::new(SessionStore::default()),
        SecretsPlace::File => Arc::new(FileStore::new(data_dir)),
    }
}

fn keyring_name(data_dir: &Path) -> String {
    let usual = crate::default_data_dir().is_ok_and(|usual| usual == data_dir);
    if usual {
        return "Trackdock".to_owned();
    }
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    format!("Trackdock ({})", absolute.display())
}

/// From here on this program leaves no core dump, in which tokens would stand, and no other program of the same user may look
/// into its memory. To be called before anything else: programs that are started later inherit only the first.
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let no_dumps = rustix::process::setrlimit(Resource::Core, none);
        let closed = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
        if let Err(error) = no_dumps.and(closed) {
            tracing::warn!("The memory of this program cannot be kept out of core dumps: {error}.");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn nothing_is_dumped() {
        super::keep_memory_private();
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
