//! Secrets in the desktop's keyring: Secret Service, Keychain or Credential Manager. Knows no OAuth.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use keyring::{Entry, Error};

use super::{Secret, SecretError, SecretStore};

/// How long the keyring may take: a prompt that nobody sees would wait for ever.
const LIMIT: Duration = Duration::from_secs(10);
/// More calls than this without an answer, and the keyring is not asked again.
const STUCK: usize = 4;

/// The desktop's keyring. Each entry stands under a service name of the caller's choice.
pub struct KeyringStore {
    service: String,
    unanswered: Arc<AtomicUsize>,
}

impl KeyringStore {
    /// `service` is what a keyring program shows beside each entry; two programs with different names don't meet.
    #[must_use]
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            unanswered: Arc::default(),
        }
    }

    /// Runs one call on a thread of its own: the Secret Service client starts a runtime by itself, which an async thread
    /// forbids, and it can wait for a prompt without end.
    fn run<T: Send + 'static>(
        &self,
        name: &str,
        call: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<T>, SecretError> {
        if self.unanswered.load(Ordering::SeqCst) >= STUCK {
            return Err(SecretError::Slow);
        }
        let (answer, answered) = sync_channel(1);
        let (service, user) = (self.service.clone(), name.to_owned());
        let unanswered = Arc::clone(&self.unanswered);
        unanswered.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || {
            let result = Entry::new(&service, &user).and_then(|entry| call(&entry));
            unanswered.fetch_sub(1, Ordering::SeqCst);
            // Nobody waits any more when the limit has passed.
            let _ = answer.send(result);
        });
        match answered.recv_timeout(LIMIT) {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(Error::NoEntry)) => Ok(None),
            Ok(Err(error)) => Err(told(name, error)),
            Err(RecvTimeoutError::Timeout) => Err(SecretError::Slow),
            // The thread died in the keyring library.
            Err(RecvTimeoutError::Disconnected) => Err(SecretError::Absent),
        }
    }
}

impl SecretStore for KeyringStore {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok(self.run(name, Entry::get_password)?.map(Secret::new))
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        let secret = secret.clone();
        self.run(name, move |entry| entry.set_password(secret.expose()))
            .and_then(|stored| stored.ok_or(SecretError::NotKept))
    }

    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.run(name, Entry::delete_credential).map(|_| ())
    }

    fn place(&self) -> String {
        "in the desktop's keyring".into()
    }
}

/// The keyring's error in our words. Its own words may name an item, but never hold a secret; those that do are dropped.
fn told(name: &str, error: Error) -> SecretError {
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => SecretError::Absent,
        Error::NoStorageAccess(_) => SecretError::Locked,
        Error::PlatformFailure(cause) => from_platform(&cause.to_string()),
        Error::TooLong(_, limit) => SecretError::TooLong(limit),
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => {
            SecretError::Garbled(name.to_owned())
        }
        Error::BadStoreFormat(_) => SecretError::Denied("its storage is damaged".into()),
        _ => SecretError::Denied("it gave no reason that is known here".into()),
    }
}

/// A failed D-Bus call: a locked collection, a service that is gone, or a refusal.
fn from_platform(words: &str) -> SecretError {
    let lower = words.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    if says(&["locked", "islocked"]) {
        SecretError::Locked
    } else if says(&[
        "serviceunknown",
        "not provided by any",
        "disconnected",
        "noreply",
        "broken pipe",
        "connection",
        "i/o error",
        "unavailable",
    ]) {
        SecretError::Absent
    } else {
        SecretError::Denied(
            words
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: &str) {
        assert_eq!(from_platform(words).code(), expected, "{words}");
    }

    #[test]
    fn failures_are_told_apart() {
        check(
            "zbus error: org.freedesktop.Secret.Error.IsLocked: Cannot create an item in a locked collection",
            "keyring_locked",
        );
        check(
            "zbus error: org.freedesktop.DBus.Error.ServiceUnknown: The name is not activatable",
            "keyring_absent",
        );
        check(
            "zbus error: I/O error: Broken pipe (os error 32)",
            "keyring_absent",
        );
        check("crypto error", "keyring_denied");
        assert_eq!(told("x", Error::NoDefaultStore), SecretError::Absent);
        assert_eq!(
            told("x", Error::NoStorageAccess("prompt".into())),
            SecretError::Locked
        );
        assert_eq!(
            told("x", Error::TooLong("password".into(), 2560)),
            SecretError::TooLong(2560)
        );
    }

    #[test]
    fn every_error_says_what_to_do() {
        for error in [
            SecretError::Absent,
            SecretError::Locked,
            SecretError::Slow,
            SecretError::Denied("x".into()),
        ] {
            assert!(error.hint().contains("--secrets file"), "{error}");
            assert!(error.hint().contains("session"), "{error}");
        }
    }
}
