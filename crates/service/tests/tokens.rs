//! Tokens over a real socket: one refresh however many ask, nothing used before it is stored, nothing lost by trouble.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Fake, client, json, now, rotating, run, settings, signed_in, silent, stored_access};
use service::{Client, Outcome, Secret, SecretError, SecretStore, ServiceId, SessionStore};
use track::Format;

const MMT: ServiceId = ServiceId::MapMyTracks;
const TP: ServiceId = ServiceId::TrekPoint;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_refused_uploads_are_one_refresh() {
    for id in ServiceId::ALL {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn SecretStore> = Arc::new(SessionStore::new());
        signed_in(store.as_ref(), id, "a1", Some("r1"), None);
        let fake = rotating(id, Arc::clone(&store)).await;
        // Two clients with one store are two processes: only the lock file is between them.
        let clients: Vec<Arc<Client>> = (0..2)
            .map(|_| {
                Arc::new(client(
                    settings(id, fake.port, ""),
                    Arc::clone(&store),
                    folder.path(),
                ))
            })
            .collect();
        let tasks: Vec<_> = (0..64)
            .map(|n| {
                let client = Arc::clone(&clients[n % 2]);
                tokio::spawn(
                    async move { client.upload(run("x", Format::Fit), &silent, &now).await },
                )
            })
            .collect();
        for task in tasks {
            assert!(matches!(task.await.unwrap(), Outcome::Created { .. }));
        }
        let path = if id == MMT {
            "/api3/oauth/token"
        } else {
            "/oauth/token"
        };
        let refreshes = fake.seen(path);
        assert_eq!(refreshes.len(), 1, "{id:?}");
        let form = refreshes[0].form();
        assert_eq!(
            (form["grant_type"].as_str(), form["refresh_token"].as_str()),
            ("refresh_token", "r1")
        );
        if id == MMT {
            assert_eq!(
                refreshes[0].header("authorization"),
                "Basic dGhlIGlkOnM6ZS9jK3I9w7w="
            );
            assert!(!form.contains_key("client_id"));
        } else {
            assert_eq!(form["client_id"], "the id");
            assert_eq!(refreshes[0].header("authorization"), "");
        }
    }
}

#[tokio::test]
async fn a_token_about_to_end_is_refreshed_first() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn SecretStore> = Arc::new(SessionStore::new());
    signed_in(
        store.as_ref(),
        TP,
        "a1",
        Some("r1"),
        Some("2026-11-20T12:00:00Z"),
    );
    let fake = rotating(TP, Arc::clone(&store)).await;
    let client = client(settings(TP, fake.port, ""), store, folder.path());
    assert!(matches!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::Created { .. }
    ));
    assert_eq!(fake.seen("/api/v1/activities").len(), 1);
}

#[tokio::test]
async fn only_invalid_grant_ends_a_sign_in_and_nothing_deletes_it() {
    for (status, body, expected) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"used"}"#,
            "sign in",
        ),
        (401, r#"{"error":"invalid_grant"}"#, "sign in"),
        (500, r#"{"error":"invalid_grant"}"#, "transient"),
        (503, "", "transient"),
        (429, r#"{"error":"invalid_grant"}"#, "transient"),
        (200, "<html>captive portal</html>", "transient"),
        (200, "{}", "transient"),
        (401, r#"{"error":"invalid_client"}"#, "blocked"),
        (
            400,
            r#"{"error":"invalid_request","error_description":"r1 is bad"}"#,
            "blocked",
        ),
        (403, "<html>", "blocked"),
        (302, "", "blocked"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn SecretStore> = Arc::new(SessionStore::new());
        signed_in(store.as_ref(), TP, "a1", Some("r1-secret"), None);
        let fake = Fake::start(move |seen| {
            if seen.path == "/oauth/token" {
                json(status, body)
            } else {
                json(401, "")
            }
        })
        .await;
        let client = client(
            settings(TP, fake.port, ""),
            Arc::clone(&store),
            folder.path(),
        );
        for _ in 0..2 {
            let outcome = client.upload(run("x", Format::Fit), &silent, &now).await;
            let short = match &outcome {
                Outcome::NeedsSignIn(_) => "sign in",
                Outcome::Transient { .. } => "transient",
                Outcome::Blocked(_) => "blocked",
                _ => "other",
            };
            assert_eq!(short, expected, "{status} {body}: {outcome:?}");
        }
        assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("a1"));
        // A refused refresh token is not shown twice: that may revoke the whole family.
        assert_eq!(
            fake.seen("/oauth/token").len(),
            if expected == "sign in" { 1 } else { 2 },
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn a_refused_refresh_that_repeats_our_secrets_does_not_tell_them() {
    const ACCESS: &str = "access-0123456789/+abc";
    const REFRESH: &str = "refresh-9876543210/+xyz";
    // Whole, cut off by the length of the words at each character, and cut off behind many spaces.
    let cut = (300 - REFRESH.len()..300).map(|length| ".".repeat(length));
    let spaced = [" ".repeat(1200 - 15), " ".repeat(1200 - 7)];
    for filler in [String::new()].into_iter().chain(cut).chain(spaced) {
        for words in [
            format!("{filler}{REFRESH} and {ACCESS}"),
            format!("{filler}{ACCESS} and {REFRESH}"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let store: Arc<dyn SecretStore> = Arc::new(SessionStore::new());
            signed_in(store.as_ref(), TP, ACCESS, Some(REFRESH), None);
            let said = format!(r#"{{"error":"invalid_request","error_description":"{words}"}}"#);
            let fake = Fake::start(move |seen| match seen.path.as_str() {
                "/oauth/token" => json(400, &said),
                _ => json(401, ""),
            })
            .await;
            let client = client(settings(TP, fake.port, ""), store, folder.path());
            let outcome = client.upload(run("x", Format::Fit), &silent, &now).await;
            let Outcome::Blocked(told) = &outcome else {
                panic!("{outcome:?}")
            };
            assert!(told.contains('…') && told.ends_with("(invalid_request)"));
            for secret in [ACCESS, REFRESH] {
                assert!(!told.contains(&secret[..6]), "{words}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn SecretStore> = Arc::new(SessionStore::new());
    signed_in(store.as_ref(), TP, "a1", Some("r1"), None);
    let fake = Fake::start(
        |seen| match (seen.path.as_str(), seen.header("authorization")) {
            ("/oauth/token", _) => json(
                200,
                r#"{"access_token":"a2","token_type":"Bearer","expires_in":3600}"#,
            ),
            (_, "Bearer a2") => json(201, r#"{"id":1,"status":"ready"}"#),
            _ => json(401, ""),
        },
    )
    .await;
    let client = client(
        settings(TP, fake.port, ""),
        Arc::clone(&store),
        folder.path(),
    );
    assert!(matches!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::Created { .. }
    ));
    let text = store.get("account:trek-point").unwrap().unwrap();
    assert!(text.expose().contains("\"r1\"") && text.expose().contains("\"a2\""));
}

/// A store that can be locked, as a keyring can.
#[derive(Default)]
struct Lockable {
    inner: SessionStore,
    no_writing: AtomicBool,
    no_reading: AtomicBool,
}

impl SecretStore for Lockable {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        if self.no_reading.load(Ordering::SeqCst) {
            Err(SecretError::Locked)
        } else {
            self.inner.get(name)
        }
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        if self.no_writing.load(Ordering::SeqCst) {
            Err(SecretError::Locked)
        } else {
            self.inner.set(name, secret)
        }
    }
    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.inner.delete(name)
    }
    fn place(&self) -> String {
        "here".into()
    }
}

#[tokio::test]
async fn new_tokens_that_cannot_be_stored_are_not_used_and_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Lockable::default());
    signed_in(store.as_ref(), TP, "a1", Some("r1"), None);
    let fake = rotating(TP, Arc::clone(&store) as Arc<dyn SecretStore>).await;
    let client = client(
        settings(TP, fake.port, ""),
        Arc::clone(&store) as Arc<dyn SecretStore>,
        folder.path(),
    );
    store.no_writing.store(true, Ordering::SeqCst);
    assert_eq!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::SecretsClosed(SecretError::Locked)
    );
    assert!(
        fake.seen("/api/v1/activities")
            .iter()
            .all(|seen| seen.header("authorization") == "Bearer a1")
    );
    store.no_writing.store(false, Ordering::SeqCst);
    assert!(matches!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::Created { .. }
    ));
    assert_eq!(fake.seen("/oauth/token").len(), 1);
}

/// A store that takes everything, and gives back something else.
#[derive(Default)]
struct Faithless {
    inner: SessionStore,
    gives: std::sync::Mutex<Gives>,
}

/// What a store gives back after a `set`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gives {
    #[default]
    WhatItTook,
    WhatItHad,
    Nothing,
    ABeginning,
    /// Tokens, but others.
    Another,
}

impl SecretStore for Faithless {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        self.inner.get(name)
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        let text = secret.expose();
        let gives = *self.gives.lock().unwrap();
        match gives {
            Gives::WhatItTook => self.inner.set(name, secret),
            Gives::WhatItHad => Ok(()),
            Gives::Nothing => self.inner.delete(name),
            Gives::ABeginning => self
                .inner
                .set(name, &Secret::new(&text[..text.len() * 9 / 10])),
            Gives::Another => {
                let other = text.replace("\"access_token\":\"a", "\"access_token\":\"b");
                self.inner.set(name, &Secret::new(other))
            }
        }
    }
    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.inner.delete(name)
    }
    fn place(&self) -> String {
        "here".into()
    }
}

#[tokio::test]
async fn new_tokens_that_do_not_come_back_are_not_used_and_it_is_told() {
    for gives in [
        Gives::WhatItHad,
        Gives::Nothing,
        Gives::ABeginning,
        Gives::Another,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Faithless::default());
        signed_in(store.as_ref(), TP, "a1", Some("r1"), None);
        let as_store = || Arc::clone(&store) as Arc<dyn SecretStore>;
        let fake = rotating(TP, as_store()).await;
        let client = client(settings(TP, fake.port, ""), as_store(), folder.path());
        *store.gives.lock().unwrap() = gives;
        let outcome = client.upload(run("x", Format::Fit), &silent, &now).await;
        assert_eq!(
            outcome,
            Outcome::SecretsClosed(SecretError::NotKept),
            "{gives:?}"
        );
        let shown = || {
            let seen = fake.seen("/api/v1/activities");
            let shown = seen
                .iter()
                .map(|seen| seen.header("authorization").to_owned());
            shown.collect::<Vec<_>>()
        };
        assert_eq!(shown(), ["Bearer a1"], "{gives:?}");
        assert_eq!(fake.seen("/oauth/token").len(), 1, "{gives:?}");
        // As long as it does so, they are not used.
        let outcome = client.upload(run("x", Format::Fit), &silent, &now).await;
        assert!(!matches!(outcome, Outcome::Created { .. }), "{gives:?}");
        let new = |shown: &String| ["Bearer a2", "Bearer a3"].contains(&shown.as_str());
        assert!(!shown().iter().any(new), "{gives:?}");
        if gives == Gives::WhatItHad {
            // Nothing was lost: they are stored as soon as the store is honest again.
            *store.gives.lock().unwrap() = Gives::WhatItTook;
            let outcome = client.upload(run("x", Format::Fit), &silent, &now).await;
            assert!(matches!(outcome, Outcome::Created { .. }), "{outcome:?}");
            assert_eq!(fake.seen("/oauth/token").len(), 1);
        }
    }
    let told = SecretError::NotKept;
    assert!(told.to_string().contains("not there when it was read back"));
    assert!(told.hint().contains("--secrets file"));
}

#[tokio::test]
async fn locked_is_not_signed_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Lockable::default());
    let client = client(
        settings(TP, 9, ""),
        Arc::clone(&store) as Arc<dyn SecretStore>,
        folder.path(),
    );
    assert!(matches!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::NeedsSignIn(_)
    ));
    store.no_reading.store(true, Ordering::SeqCst);
    assert_eq!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::SecretsClosed(SecretError::Locked)
    );
    assert_eq!(
        client.sign_out().await.unwrap_err().code(),
        "keyring_locked"
    );
}

#[tokio::test]
async fn a_second_401_needs_a_sign_in_and_no_loop() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn SecretStore> = Arc::new(SessionStore::new());
    signed_in(store.as_ref(), MMT, "a1", Some("r1"), None);
    let fake = Fake::start(|seen| {
        if seen.path.ends_with("token") {
            json(200, r#"{"access_token":"a2","refresh_token":"r2"}"#)
        } else {
            json(401, "")
        }
    })
    .await;
    let client = client(settings(MMT, fake.port, ""), store, folder.path());
    assert!(matches!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::NeedsSignIn(_)
    ));
    assert_eq!(
        (
            fake.seen("/api3/uploadActivity").len(),
            fake.seen("/api3/oauth/token").len()
        ),
        (2, 1)
    );
}

/// The address of a service is changed in the settings: what somebody else gave is not shown there.
#[tokio::test]
async fn tokens_go_only_to_those_who_gave_them() {
    for id in ServiceId::ALL {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn SecretStore> = Arc::new(SessionStore::new());
        signed_in(store.as_ref(), id, "a1", Some("r1"), None);
        let theirs = rotating(id, Arc::clone(&store)).await;
        let at = |port| client(settings(id, port, ""), Arc::clone(&store), folder.path());
        let upload = || run("x", Format::Fit);
        // From here on it is noted who gave them.
        let sent = at(theirs.port).upload(upload(), &silent, &now).await;
        assert!(matches!(sent, Outcome::Created { .. }), "{sent:?}");

        let asked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked);
        let other = Fake::start(move |_| {
            seen.store(true, Ordering::SeqCst);
            json(401, "")
        })
        .await;
        let elsewhere = at(other.port);
        let outcome = elsewhere.upload(upload(), &silent, &now).await;
        assert!(matches!(outcome, Outcome::NeedsSignIn(_)), "{outcome:?}");
        // Back again, they are as good as before.
        let sent = at(theirs.port).upload(upload(), &silent, &now).await;
        assert!(matches!(sent, Outcome::Created { .. }), "{sent:?}");
        let out = elsewhere.sign_out().await.unwrap();
        assert!(!out.revoked && out.note.is_some(), "{out:?}");
        assert_eq!(stored_access(store.as_ref(), id), None);
        assert!(!asked.load(Ordering::SeqCst), "{id:?}");
    }
}
