//! Which secret store is used, and under which name.

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
