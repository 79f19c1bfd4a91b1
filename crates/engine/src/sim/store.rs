//! A keyring that can be locked.

use std::sync::atomic::{AtomicBool, Ordering};

use service::{Secret, SecretError, SecretStore, SessionStore};

#[derive(Default)]
pub(super) struct Store {
    inner: SessionStore,
    locked: AtomicBool,
}

impl Store {
    pub(super) fn lock(&self, locked: bool) {
        self.locked.store(locked, Ordering::Relaxed);
    }

    pub(super) fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }

    /// Puts something in from outside, locked or not.
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
        if self.locked.load(Ordering::Relaxed) {
            return Err(SecretError::Locked);
        }
        Ok(&self.inner)
    }
}

impl SecretStore for Store {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
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
