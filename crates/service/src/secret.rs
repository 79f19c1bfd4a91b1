//! Secrets and the places they are kept in. Knows nothing of OAuth: a secret is a name and a text.

mod file;
mod keyring;
mod session;

use std::path::PathBuf;

use thiserror::Error;
use zeroize::Zeroizing;

pub use file::FileStore;
pub use keyring::KeyringStore;
pub use session::SessionStore;

/// A token or a client secret. It has no `Debug`, `Display` or `Serialize`, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text as it is.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself: for the request that needs it, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether both hold the same text.
    #[must_use]
    pub fn is(&self, other: &Secret) -> bool {
        *self.0 == *other.0
    }
}

/// A place where secrets lie. Calls may wait for the disk or for the desktop, at most about 10 s: call them off the
/// async threads.
pub trait SecretStore: Send + Sync {
    /// The secret of this name, `None` when there is none.
    ///
    /// # Errors
    /// When the place cannot be read; a locked place is an error, never "none".
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError>;

    /// Stores the secret, durably where the place is durable.
    ///
    /// # Errors
    /// When it could not be stored.
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError>;

    /// Removes the secret; none of that name is no error.
    ///
    /// # Errors
    /// When the place cannot be written.
    fn delete(&self, name: &str) -> Result<(), SecretError>;

    /// Where the secrets lie, in words for the user.
    fn place(&self) -> String;
}

/// Why a secret could not be read or stored. Displayed as one sentence; [`SecretError::hint`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// No keyring runs here (no session bus, or nothing on it keeps secrets).
    #[error("There is no keyring to keep the sign-in in")]
    Absent,
    /// The keyring is there, but locked, and nobody unlocked it.
    #[error("The keyring is locked")]
    Locked,
    /// The keyring said no.
    #[error("The keyring did not let Trackdock in: {0}")]
    Denied(String),
    /// The keyring was asked, and ended or was started anew before it answered.
    #[error("The keyring stopped before it answered")]
    Died,
    /// The keyring did not answer within 10 s.
    #[error("The keyring did not answer within 10 seconds")]
    Slow,
    /// The keyring takes no secret this long.
    #[error("The keyring takes no secret longer than {0} bytes")]
    TooLong(u32),
    /// What is stored under this name is not text.
    #[error("What the keyring holds under “{0}” was not written by Trackdock")]
    Garbled(String),
    /// The secrets file cannot be used.
    #[error("The secrets file {} {what}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// What was stored was not there when it was read back.
    #[error("The sign-in was stored, but was not there when it was read back")]
    NotKept,
}

impl SecretError {
    /// Stable and machine-readable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            SecretError::Absent => "keyring_absent",
            SecretError::Locked => "keyring_locked",
            SecretError::Denied(_) => "keyring_denied",
            SecretError::Died => "keyring_died",
            SecretError::Slow => "keyring_slow",
            SecretError::TooLong(_) => "keyring_too_small",
            SecretError::Garbled(_) => "keyring_garbled",
            SecretError::File { .. } => "secrets_file",
            SecretError::NotKept => "secret_not_kept",
        }
    }

    /// One sentence: what to do now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            SecretError::Absent => {
                "Start a keyring such as GNOME Keyring or KWallet and try again, or keep secrets in a file that only you can read with `--secrets file`, or until Trackdock ends with `--secrets session`."
            }
            SecretError::Locked => {
                "Unlock the keyring and try again; you are still signed in. Without a desktop to unlock it on, `--secrets file` keeps secrets in a file that only you can read, `--secrets session` until Trackdock ends."
            }
            SecretError::Died => {
                "Start the keyring again, or sign out of the desktop and in again, and try again; you are still signed in. Or use `--secrets file` or `--secrets session`."
            }
            SecretError::Slow => {
                "Look for a window that asks for the keyring's password and try again, or, if there is none, start Trackdock again; you are still signed in. Or use `--secrets file` or `--secrets session`."
            }
            SecretError::Denied(_) | SecretError::TooLong(_) => {
                "Allow Trackdock in the keyring's settings, or use `--secrets file` or `--secrets session`."
            }
            SecretError::Garbled(_) => {
                "Remove that entry in the keyring's own program, then sign in again."
            }
            SecretError::File { .. } => "Put the file right or remove it, then sign in again.",
            SecretError::NotKept => {
                "Sign in again, or use `--secrets file`, a file that only you can read."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    /// `item` is one of two where the type has the trait, and then this does not compile.
    macro_rules! has_not {
        ($type:ty: $($has:path),+) => {
            $({
                trait Either<A> {
                    fn item() {}
                }
                impl<T: ?Sized> Either<()> for T {}
                struct Has;
                impl<T: ?Sized + $has> Either<Has> for T {}
                <$type as Either<_>>::item();
            })+
        };
    }

    /// Nothing can write one down by mistake.
    #[test]
    fn a_secret_can_be_neither_shown_nor_serialised() {
        has_not!(Secret: std::fmt::Debug, std::fmt::Display, serde::Serialize);
    }
}
