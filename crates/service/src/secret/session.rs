//! Secrets in memory, gone when the program ends. Knows no disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Secret, SecretError, SecretStore};

/// Keeps secrets until the program ends.
#[derive(Default)]
pub struct SessionStore {
    secrets: Mutex<HashMap<String, Secret>>,
}

impl SessionStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl SecretStore for SessionStore {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(secrets.get(name).cloned())
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        Ok(())
    }

    fn place(&self) -> String {
        "in memory, until Trackdock ends".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_replaces_and_forgets() {
        let store = SessionStore::new();
        assert!(store.get("a").unwrap().is_none());
        store.set("a", &Secret::new("1")).unwrap();
        store.set("a", &Secret::new("2")).unwrap();
        assert!(store.get("a").unwrap().unwrap().is(&Secret::new("2")));
        store.delete("a").unwrap();
        store.delete("a").unwrap();
        assert!(store.get("a").unwrap().is_none());
    }
}
