//! New tokens that cannot be stored at once: the old ones are dead by then.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Fake, client, now, rotating, run, settings, signed_in, silent};
use service::{Client, Outcome, Secret, SecretError, SecretStore, ServiceId, SessionStore};
use track::Format;

const TP: ServiceId = ServiceId::TrekPoint;

/// A file that cannot be written so many times.
#[derive(Default)]
struct Failing {
    inner: SessionStore,
    times: AtomicUsize,
}

impl SecretStore for Failing {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        self.inner.get(name)
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        let left = self.times.load(Ordering::SeqCst);
        self.times.store(left.saturating_sub(1), Ordering::SeqCst);
        if left == 0 {
            return self.inner.set(name, secret);
        }
        Err(SecretError::File {
            path: "secrets.json".into(),
            what: "cannot be written".into(),
        })
    }
    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.inner.delete(name)
    }
    fn place(&self) -> String {
        "here".into()
    }
}

/// Somebody signed in to a service that gives new tokens, and a store that can fail.
struct World {
    client: Client,
    store: Arc<Failing>,
    fake: Fake,
    _locks: tempfile::TempDir,
}

impl World {
    async fn new() -> World {
        let locks = tempfile::tempdir().unwrap();
        let store = Arc::new(Failing::default());
        signed_in(store.as_ref(), TP, "a1", Some("r1"), None);
        let as_store = || Arc::clone(&store) as Arc<dyn SecretStore>;
        let fake = rotating(TP, as_store()).await;
        let client = client(settings(TP, fake.port, ""), as_store(), locks.path());
        World {
            client,
            store,
            fake,
            _locks: locks,
        }
    }
}

/// What ails a disk is often over at once; and where it is not, what could not be stored is stored before the end.
#[tokio::test]
async fn new_tokens_survive_a_file_that_cannot_be_written_for_a_moment() {
    for (times, stored_at_once) in [(1, true), (3, true), (4, false)] {
        let World {
            client,
            store,
            fake,
            _locks,
        } = World::new().await;
        client.save_tokens().await.unwrap();
        store.times.store(times, Ordering::SeqCst);
        let outcome = client.upload(run("x", Format::Fit), &silent, &now).await;
        let arrived = matches!(outcome, Outcome::Created { .. });
        assert_eq!(arrived, stored_at_once, "{times}: {outcome:?}");
        let stored = || {
            let text = store.get("account:trek-point").unwrap().unwrap();
            text.expose().contains("\"r2\"")
        };
        assert_eq!(stored(), stored_at_once, "{times}");
        client.save_tokens().await.unwrap();
        assert!(stored(), "{times}");
        assert_eq!(fake.seen("/oauth/token").len(), 1, "{times}");
    }
}

/// They are of no use any more where somebody has signed in anew.
#[tokio::test]
async fn unsaved_tokens_do_not_replace_a_new_sign_in() {
    let World {
        client,
        store,
        fake: _fake,
        _locks,
    } = World::new().await;
    store.times.store(usize::MAX, Ordering::SeqCst);
    client.upload(run("x", Format::Fit), &silent, &now).await;
    let failed = client.save_tokens().await;
    assert!(
        matches!(failed, Err(SecretError::File { .. })),
        "{failed:?}"
    );
    store.times.store(0, Ordering::SeqCst);
    signed_in(store.as_ref(), TP, "a9", Some("r9"), None);
    client.save_tokens().await.unwrap();
    let text = store.get("account:trek-point").unwrap().unwrap();
    assert!(text.expose().contains("\"r9\""));
}
