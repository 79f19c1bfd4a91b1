//! Secrets in the desktop's keyring: Secret Service, Keychain or Credential Manager. Knows no OAuth.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use keyring::Error;
use keyring_core::{Entry, get_default_store};

use super::{Secret, SecretError, SecretStore};

/// How long the keyring may take: a prompt that nobody sees would wait for ever.
const LIMIT: Duration = Duration::from_secs(10);
/// More calls than this without an answer, and the keyring is not asked again.
const STUCK: usize = 4;

/// Whether the keyring is a program of its own, to which a connection is open; elsewhere it is a part of the system.
const IS_CONNECTION: bool = cfg!(all(unix, not(target_os = "macos")));

/// The desktop's keyring. Each entry stands under a service name of the caller's choice.
pub struct KeyringStore {
    service: String,
    limit: Duration,
    unanswered: Arc<AtomicUsize>,
}

/// A call under way, counted until it ends in whatever way.
struct Unanswered(Arc<AtomicUsize>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl KeyringStore {
    /// `service` is what a keyring program shows beside each entry; two programs with different names don't meet.
    #[must_use]
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            limit: LIMIT,
            unanswered: Arc::default(),
        }
    }

    /// Another limit than 10 s for each call, for tests.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Asks for one entry; `None` when there is none. Each call may be made twice: it comes to the same.
    fn run<T: Send + 'static>(
        &self,
        name: &str,
        call: impl Fn(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<T>, SecretError> {
        let (service, name) = (self.service.clone(), name.to_owned());
        self.aside(move || {
            open()?;
            match asked(&service, &name, &call) {
                // It was started anew since it was opened, or is being so.
                Err(SecretError::Died | SecretError::Absent) => {
                    open_again()?;
                    asked(&service, &name, &call)
                }
                answer => answer,
            }
        })
    }

    /// Runs one call on a thread of its own: the Secret Service client starts a runtime by itself, which an async thread
    /// forbids, and it can wait for a prompt without end.
    fn aside<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        if self.unanswered.load(Ordering::SeqCst) >= STUCK {
            return Err(SecretError::Slow);
        }
        let (answer, answered) = sync_channel(1);
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        let unanswered = Unanswered(Arc::clone(&self.unanswered));
        std::thread::spawn(move || {
            let result = {
                let _until_it_ends = unanswered;
                call()
            };
            // Nobody waits any more when the limit has passed.
            let _ = answer.send(result);
        });
        match answered.recv_timeout(self.limit) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(SecretError::Slow),
            // The thread died in the keyring's library, whose connection may be of no use any more.
            Err(RecvTimeoutError::Disconnected) => {
                if IS_CONNECTION {
                    keyring_core::unset_default_store();
                }
                Err(SecretError::Died)
            }
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

/// Opens the keyring of this system, if it is not open. Its library tries that once, and never again.
fn open() -> Result<(), SecretError> {
    match keyring::Entry::store_status() {
        _ if get_default_store().is_some() => Ok(()),
        Err(error) if !IS_CONNECTION => Err(not_open(error)),
        _ => open_again(),
    }
}

/// Opens it anew, where it is a connection: a keyring that was started since knows nothing of the old one.
fn open_again() -> Result<(), SecretError> {
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        let store = zbus_secret_service_keyring_store::Store::new();
        keyring_core::set_default_store(store.map_err(|error| not_open(&error))?);
    }
    Ok(())
}

fn asked<T>(
    service: &str,
    name: &str,
    call: &impl Fn(&Entry) -> Result<T, Error>,
) -> Result<Option<T>, SecretError> {
    match Entry::new(service, name).and_then(|entry| call(&entry)) {
        Ok(value) => Ok(Some(value)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(told(name, error)),
    }
}

/// Why it could not be opened.
fn not_open(error: &Error) -> SecretError {
    match error {
        Error::PlatformFailure(cause) => from_platform(&cause.to_string(), Before::Open),
        _ => SecretError::Absent,
    }
}

/// The keyring's error in our words. Its own words may name an item, but never hold a secret; those that do are dropped.
fn told(name: &str, error: Error) -> SecretError {
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => SecretError::Absent,
        Error::NoStorageAccess(_) => SecretError::Locked,
        Error::PlatformFailure(cause) => from_platform(&cause.to_string(), Before::Answer),
        Error::TooLong(_, limit) => SecretError::TooLong(limit),
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => {
            SecretError::Garbled(name.to_owned())
        }
        Error::BadStoreFormat(_) => SecretError::Denied("its storage is damaged".into()),
        _ => SecretError::Denied("it gave no reason that is known here".into()),
    }
}

/// How far it came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The keyring was not there yet: whatever else it is, there is none.
    Open,
    /// It was there, and was asked.
    Answer,
}

/// A failed D-Bus call: a locked collection, a service that is gone or goes in the middle of it, or a refusal.
fn from_platform(words: &str, before: Before) -> SecretError {
    let lower = words.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    if says(&["serviceunknown", "not provided by any", "unavailable"]) {
        SecretError::Absent
    } else if says(&["noreply", "nosession"]) {
        // It died while it was asked; or it was started anew since, and knows nothing of us. The first may be explained at
        // length, with a reply that was “blocked” among the causes.
        SecretError::Died
    } else if says(&["locked"]) {
        SecretError::Locked
    } else if before == Before::Open {
        SecretError::Absent
    } else if says(&["disconnected", "broken pipe", "connection", "i/o error"]) {
        SecretError::Died
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
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::channel;

    use super::*;

    /// Every other test sets one of its own.
    #[test]
    fn the_limit_is_the_one_that_is_promised() {
        assert_eq!(KeyringStore::new("test").limit, Duration::from_secs(10));
    }

    #[track_caller]
    fn check(words: &str, before_it_opened: &str, before_it_answered: &str) {
        for (before, expected) in [
            (Before::Open, before_it_opened),
            (Before::Answer, before_it_answered),
        ] {
            assert_eq!(from_platform(words, before).code(), expected, "{words}");
        }
    }

    #[test]
    fn failures_are_told_apart() {
        let always = |words: &str, expected: &str| check(words, expected, expected);
        always(
            "zbus error: org.freedesktop.Secret.Error.IsLocked: Cannot create an item in a locked collection",
            "keyring_locked",
        );
        always(
            "zbus error: org.freedesktop.DBus.Error.ServiceUnknown: The name is not activatable",
            "keyring_absent",
        );
        always(
            "zbus error: org.freedesktop.DBus.Error.NoReply: Message recipient disconnected from message bus without replying",
            "keyring_died",
        );
        always(
            "zbus error: org.freedesktop.DBus.Error.NoReply: Did not receive a reply. Possible causes include: the message bus security policy blocked the reply",
            "keyring_died",
        );
        always(
            "zbus error: org.freedesktop.Secret.Error.NoSession: no such session",
            "keyring_died",
        );
        check(
            "zbus error: I/O error: Broken pipe (os error 32)",
            "keyring_absent",
            "keyring_died",
        );
        check("crypto error", "keyring_absent", "keyring_denied");
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

    /// The same keyring, to whoever waits so long.
    fn patient(store: &KeyringStore) -> KeyringStore {
        KeyringStore {
            service: store.service.clone(),
            limit: Duration::from_secs(3600),
            unanswered: Arc::clone(&store.unanswered),
        }
    }

    #[test]
    fn a_keyring_that_never_answers_is_given_up_and_not_asked_for_ever() {
        let store = KeyringStore::new("test").with_limit(Duration::from_millis(5));
        let (release, released) = channel::<()>();
        let released = Arc::new(std::sync::Mutex::new(released));
        for _ in 0..STUCK {
            let released = Arc::clone(&released);
            let hangs = move || {
                let _ = released.lock().unwrap().recv();
                Ok(())
            };
            assert_eq!(store.aside(hangs), Err(SecretError::Slow));
        }
        let store = patient(&store);
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let begin = move || {
            begins.store(true, Ordering::SeqCst);
            Ok(())
        };
        assert_eq!(store.aside(begin), Err(SecretError::Slow));
        assert!(!begun.load(Ordering::SeqCst));
        // The window with the password was found: it is asked again.
        drop(release);
        while store.aside(|| Ok(())) == Err(SecretError::Slow) {
            std::thread::yield_now();
        }
        assert_eq!(store.aside(|| Ok(7)), Ok(7));
    }

    #[test]
    fn a_call_that_dies_is_told_and_counts_no_more() {
        let store = patient(&KeyringStore::new("test"));
        for _ in 0..=STUCK {
            let dies = || -> Result<(), SecretError> { panic!("the keyring's library gave up") };
            assert_eq!(store.aside(dies), Err(SecretError::Died));
        }
        assert_eq!(store.aside(|| Ok(7)), Ok(7));
    }

    #[test]
    fn every_error_says_what_to_do() {
        for error in [
            SecretError::Absent,
            SecretError::Locked,
            SecretError::Died,
            SecretError::Slow,
            SecretError::Denied("x".into()),
        ] {
            assert!(error.hint().contains("--secrets file"), "{error}");
            assert!(error.hint().contains("session"), "{error}");
        }
        for error in [SecretError::Locked, SecretError::Died, SecretError::Slow] {
            assert!(error.hint().contains("still signed in"), "{error}");
        }
    }
}
