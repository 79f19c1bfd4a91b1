//! A keyring that can be locked, gone or slow.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use service::{Secret, SecretError, SecretStore, SessionStore};

#[derive(Default)]
pub(super) struct Store {
    inner: SessionStore,
    /// What is wrong with it: the number of one of [`TROUBLES`] and one, or 0.
    trouble: AtomicU8,
    /// How often the program has asked for the client secret.
    asked: AtomicU32,
}

/// What a keyring says that gives nothing out.
const TROUBLES: [fn() -> SecretError; 5] = [
    || SecretError::Locked,
    || SecretError::Absent,
    || SecretError::Slow,
    || SecretError::Died,
    || SecretError::File {
        path: "secrets.json".into(),
        what: "cannot be used".into(),
    },
];

impl Store {
    /// From now on it gives nothing out, for one of five reasons.
    pub(super) fn close(&self, why: u8) {
        self.trouble.store(1 + why % 5, Ordering::Relaxed);
    }

    pub(super) fn open_up(&self) {
        self.trouble.store(0, Ordering::Relaxed);
    }

    pub(super) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.trouble.load(Ordering::Relaxed) > 0
    }

    /// Puts something in from outside, closed or not.
    pub(super) fn put(&self, name: &str, text: &str) {
        self.inner.set(name, &Secret::new(text)).unwrap();
    }

    /// Whether an access token is stored somewhere in it.
    pub(super) fn holds(&self, token: &str) -> bool {
        service::ServiceId::ALL.iter().any(|id| {
            let stored = self.inner.get(&format!("account:{}", id.name())).unwrap();
            stored.is_some_and(|stored| stored.expose().contains(&format!("\"{token}\"")))
        })
    }

    fn open(&self) -> Result<&SessionStore, SecretError> {
        let trouble = usize::from(self.trouble.load(Ordering::Relaxed));
        match trouble
            .checked_sub(1)
            .and_then(|trouble| TROUBLES.get(trouble))
        {
            Some(trouble) => Err(trouble()),
            None => Ok(&self.inner),
        }
    }
}

impl SecretStore for Store {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        let is_client = name.starts_with("client-secret:");
        self.asked.fetch_add(is_client.into(), Ordering::Relaxed);
        self.open()?.get(name)
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        self.open()?.set(name, secret)
    }

    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.open()?.delete(name)
    }

    fn place(&self) -> String {
        "a keyring that is played".into()
    }
}
