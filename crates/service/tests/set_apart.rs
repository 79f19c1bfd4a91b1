//! A new sign-in, until somebody has decided whether it may come in: its tokens are not the account's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::response::Response;
use browser::{browser, free_port, ready};
use common::{Fake, Seen, client, json, now, run, settings, signed_in, silent, stored_access};
use serde_json::Value;
use service::{
    Client, FileStore, Outcome, Secret, SecretError, SecretStore, ServiceId, SessionStore,
    SignInError, SignedIn,
};
use track::Format;

const TP: ServiceId = ServiceId::TrekPoint;
const APART: &str = "sign-in:trek-point";

/// Ann's token is `ann1`, and `ann2` after a renewal with `ann-r1`; who comes with a code is Bob, whose token is `bob1`.
fn answers(seen: &Seen) -> Response {
    match seen.path.as_str() {
        "/oauth/profile" if seen.header("authorization") == "Bearer bob1" => {
            json(200, r#"{"id":43,"username":"bob"}"#)
        }
        "/oauth/profile" => json(200, r#"{"id":42,"username":"ann"}"#),
        "/oauth/token" if seen.form()["grant_type"] == "authorization_code" => json(
            200,
            r#"{"access_token":"bob1","token_type":"Bearer","expires_in":3600,"refresh_token":"bob-r1"}"#,
        ),
        "/oauth/token" if seen.form()["refresh_token"] == "ann-r1" => json(
            200,
            r#"{"access_token":"ann2","token_type":"Bearer","expires_in":3600,"refresh_token":"ann-r2"}"#,
        ),
        "/oauth/revoke" => json(200, ""),
        _ => json(200, r#"{"id":5,"status":"ready"}"#),
    }
}

async fn comes_back(client: &Client) -> SignedIn {
    sign_in(client).await.unwrap()
}

async fn sign_in(client: &Client) -> Result<SignedIn, SignInError> {
    let open = |address: &str| browser(address, "code=c&state=STATE", Arc::default());
    client.sign_in(&open, &now, std::future::pending()).await
}

fn redirect() -> String {
    format!("http://127.0.0.1:{}/a", free_port())
}

/// The access token that is set apart.
fn set_apart(store: &dyn SecretStore) -> Option<String> {
    let text = store.get(APART).unwrap()?;
    let json: Value = serde_json::from_str(text.expose()).unwrap();
    Some(json["access_token"].as_str().unwrap().to_owned())
}

/// The tokens that were revoked, in their order.
fn revoked(fake: &Fake) -> Vec<String> {
    let seen = fake.seen("/oauth/revoke");
    let tokens = seen.iter().map(|seen| seen.form()["token"].clone());
    tokens.collect()
}

/// With whose token the only upload there was came.
async fn uploads_as(client: &Client, fake: &Fake) -> String {
    let outcome = client.upload(run("x", Format::Fit), &silent, &now).await;
    assert!(matches!(outcome, Outcome::Created { .. }), "{outcome:?}");
    let seen = fake.seen("/api/v1/activities");
    seen.last().unwrap().header("authorization").to_owned()
}

#[tokio::test]
async fn they_are_stored_before_they_are_used_and_let_in_by_a_word() {
    let stores: Arc<Mutex<Option<Arc<SessionStore>>>> = Arc::default();
    let at_profile = Arc::new(Mutex::new(Vec::new()));
    let (known, noted) = (Arc::clone(&stores), Arc::clone(&at_profile));
    let fake = Fake::start(move |seen| {
        if seen.path == "/oauth/profile" {
            let known = known.lock().unwrap();
            let store = known.as_deref().unwrap();
            let shown = seen.header("authorization").to_owned();
            let both = (shown, set_apart(store), stored_access(store, TP));
            noted.lock().unwrap().push(both);
        }
        answers(seen)
    })
    .await;
    let (client, store, _folder) = ready(TP, fake.port, &redirect());
    *stores.lock().unwrap() = Some(Arc::clone(&store));
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    let who = comes_back(&client).await;
    assert_eq!(who.label.as_deref(), Some("bob"));
    let expected = (
        "Bearer bob1".into(),
        Some("bob1".into()),
        Some("ann1".into()),
    );
    assert_eq!(*at_profile.lock().unwrap(), [expected]);
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
    assert_eq!(uploads_as(&client, &fake).await, "Bearer ann1");
    client.admit().await.unwrap();
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("bob1"));
    assert_eq!(set_apart(store.as_ref()), None);
    assert_eq!(uploads_as(&client, &fake).await, "Bearer bob1");
    // There is nobody left to decide on.
    client.admit().await.unwrap();
    assert_eq!(client.turn_away().await, None);
    assert_eq!(uploads_as(&client, &fake).await, "Bearer bob1");
    assert!(fake.seen("/oauth/revoke").is_empty());
}

/// A request of the account's that is refused meanwhile is renewed with the account's own sign-in.
#[tokio::test]
async fn a_renewal_meanwhile_is_the_accounts() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/api/v1/activities" if seen.header("authorization") == "Bearer ann1" => {
            json(401, r#"{"error":"invalid_token"}"#)
        }
        _ => answers(seen),
    })
    .await;
    let (client, store, _folder) = ready(TP, fake.port, &redirect());
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    comes_back(&client).await;
    assert_eq!(uploads_as(&client, &fake).await, "Bearer ann2");
    assert_eq!(client.turn_away().await, None);
    assert_eq!(uploads_as(&client, &fake).await, "Bearer ann2");
}

/// A new token that is refused at once is not renewed, and none of the account's is shown for it.
#[tokio::test]
async fn the_profile_is_asked_with_nobody_elses_tokens() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/oauth/profile" => json(401, r#"{"error":"invalid_token"}"#),
        _ => answers(seen),
    })
    .await;
    let (client, store, _folder) = ready(TP, fake.port, &redirect());
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    assert_eq!(comes_back(&client).await.remote_id, None);
    let asked = fake.seen("/oauth/profile");
    let shown: Vec<_> = asked
        .iter()
        .map(|seen| seen.header("authorization"))
        .collect();
    assert_eq!(shown, ["Bearer bob1"]);
    assert_eq!(fake.seen("/oauth/token").len(), 1);
}

#[tokio::test]
async fn who_is_turned_away_is_revoked_and_the_account_stays() {
    let fake = Fake::start(answers).await;
    let (client, store, _folder) = ready(TP, fake.port, &redirect());
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    comes_back(&client).await;
    assert_eq!(client.turn_away().await, None);
    assert_eq!(revoked(&fake), ["bob-r1", "bob1"]);
    assert_eq!(set_apart(store.as_ref()), None);
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
    assert_eq!(uploads_as(&client, &fake).await, "Bearer ann1");
}

/// The program ends before anybody has decided: what is left in the store is never used, and goes with the sign-out.
#[tokio::test]
async fn what_a_run_has_left_is_never_let_in() {
    let fake = Fake::start(answers).await;
    let folder = tempfile::tempdir().unwrap();
    let stores: [Arc<dyn SecretStore>; 2] = [
        Arc::new(SessionStore::new()),
        Arc::new(FileStore::new(folder.path())),
    ];
    for store in stores {
        let run_of = || {
            let redirects = format!("redirect_uris = [\"{}\"]", redirect());
            let settings = settings(TP, fake.port, &redirects);
            client(settings, Arc::clone(&store), folder.path())
        };
        signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
        comes_back(&run_of()).await;
        assert_eq!(set_apart(store.as_ref()).as_deref(), Some("bob1"));
        let next = run_of();
        assert_eq!(uploads_as(&next, &fake).await, "Bearer ann1");
        next.admit().await.unwrap();
        assert_eq!(next.turn_away().await, None);
        assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
        next.sign_out().await.unwrap();
        assert_eq!(set_apart(store.as_ref()), None);
        assert_eq!(stored_access(store.as_ref(), TP), None);
    }
}

/// How a store meets a call that is to change it.
#[derive(Clone, Copy)]
enum Meets {
    Well,
    /// It takes nothing.
    Locked,
    /// It lets nothing go.
    Clings,
    /// It does not answer in time, and does it later.
    Late,
}

/// A store that may be locked, or late; and of which nothing can be read while `is_blind`.
struct Moody {
    inner: SessionStore,
    meets: Mutex<Meets>,
    is_blind: AtomicBool,
    /// What it has not done yet.
    late: Mutex<Vec<(String, Secret)>>,
}

impl Moody {
    fn does_what_it_owes(&self) {
        for (name, secret) in self.late.lock().unwrap().drain(..) {
            self.inner.set(&name, &secret).unwrap();
        }
    }

    fn meets(&self, meets: Meets) {
        *self.meets.lock().unwrap() = meets;
    }

    fn met(&self) -> Meets {
        *self.meets.lock().unwrap()
    }
}

impl SecretStore for Moody {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        if self.is_blind.load(Ordering::SeqCst) {
            return Err(SecretError::Locked);
        }
        self.inner.get(name)
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        match self.met() {
            Meets::Locked => Err(SecretError::Locked),
            Meets::Late => {
                let mut late = self.late.lock().unwrap();
                late.push((name.to_owned(), secret.clone()));
                Err(SecretError::Slow)
            }
            Meets::Well | Meets::Clings => self.inner.set(name, secret),
        }
    }
    fn delete(&self, name: &str) -> Result<(), SecretError> {
        match self.met() {
            Meets::Clings => Err(SecretError::Locked),
            Meets::Well | Meets::Locked | Meets::Late => self.inner.delete(name),
        }
    }
    fn place(&self) -> String {
        "here".into()
    }
}

fn moody(server: u16) -> (Client, Arc<Moody>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Moody {
        inner: SessionStore::new(),
        meets: Mutex::new(Meets::Well),
        is_blind: AtomicBool::new(false),
        late: Mutex::default(),
    });
    let redirects = format!("redirect_uris = [\"{}\"]", redirect());
    let settings = settings(TP, server, &redirects);
    let shared = Arc::clone(&store) as Arc<dyn SecretStore>;
    (client(settings, shared, folder.path()), store, folder)
}

/// Neither what another program has put there, nor what could not be let in once.
#[tokio::test]
async fn only_the_tokens_of_this_sign_in_are_let_in_and_only_once() {
    let fake = Fake::start(answers).await;
    let (client, store, _folder) = moody(fake.port);
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    let theirs = Secret::new(r#"{"access_token":"eve1","scopes":[]}"#);
    comes_back(&client).await;
    store.set(APART, &theirs).unwrap();
    client.admit().await.unwrap();
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("bob1"));

    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    comes_back(&client).await;
    store.meets(Meets::Locked);
    assert_eq!(client.admit().await.unwrap_err().code(), "keyring_locked");
    store.meets(Meets::Well);
    client.admit().await.unwrap();
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
    assert_eq!(revoked(&fake), ["bob-r1", "bob1"]);
    assert_eq!(set_apart(store.as_ref()), None);
}

/// The keyring locks itself between the browser and the answer.
#[tokio::test]
async fn what_cannot_be_set_apart_is_revoked() {
    let fake = Fake::start(answers).await;
    let (client, store, _folder) = moody(fake.port);
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    store.meets(Meets::Locked);
    assert_eq!(sign_in(&client).await.unwrap_err().code(), "keyring_locked");
    assert_eq!(revoked(&fake), ["bob-r1", "bob1"]);
    assert_eq!(set_apart(store.as_ref()), None);
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
}

/// Some services give the same athlete the same tokens again: to revoke them would end the account's own sign-in.
#[tokio::test]
async fn what_the_account_uses_as_well_is_not_revoked() {
    // Those that are given again, of the account's: both, the access token, the refresh token.
    for (access, refresh) in [("bob1", "bob-r1"), ("bob1", "ann-r1"), ("ann1", "bob-r1")] {
        let fake = Fake::start(answers).await;
        let (client, store, _folder) = moody(fake.port);
        signed_in(store.as_ref(), TP, access, Some(refresh), None);
        let revokes_nothing = || assert!(revoked(&fake).is_empty(), "{:?}", revoked(&fake));

        comes_back(&client).await;
        assert_eq!(client.turn_away().await, None);
        revokes_nothing();
        comes_back(&client).await;
        store.meets(Meets::Locked);
        assert!(client.admit().await.is_err());
        revokes_nothing();
        assert!(sign_in(&client).await.is_err());
        revokes_nothing();
        assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some(access));
    }
}

/// Nobody knows then whether they are the account's as well.
#[tokio::test]
async fn where_nothing_can_be_read_nothing_is_revoked() {
    let fake = Fake::start(answers).await;
    let (client, store, _folder) = moody(fake.port);
    signed_in(store.as_ref(), TP, "bob1", Some("bob-r1"), None);
    comes_back(&client).await;
    store.is_blind.store(true, Ordering::SeqCst);
    let note = client.turn_away().await.unwrap();
    assert!(note.contains("may stay valid there"), "{note}");
    assert!(revoked(&fake).is_empty());
}

/// What came too late for the answer is in use from then on.
#[tokio::test]
async fn what_a_slow_store_takes_all_the_same_is_not_revoked() {
    let fake = Fake::start(answers).await;
    let (client, store, _folder) = moody(fake.port);
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    comes_back(&client).await;
    store.meets(Meets::Late);
    assert_eq!(client.admit().await.unwrap_err().code(), "keyring_slow");
    store.does_what_it_owes();
    assert!(revoked(&fake).is_empty());
    assert_eq!(uploads_as(&client, &fake).await, "Bearer bob1");
}

/// What is left of who is turned away is told: there, here, and both.
#[tokio::test]
async fn what_is_left_of_who_is_turned_away_is_told() {
    for (refuses, meets, there, here) in [
        (true, Meets::Well, true, false),
        (false, Meets::Clings, false, true),
        (true, Meets::Clings, true, true),
    ] {
        let fake = Fake::start(move |seen| match seen.path.as_str() {
            "/oauth/revoke" if refuses => json(400, r#"{"error":"unsupported_token_type"}"#),
            _ => answers(seen),
        })
        .await;
        let (client, store, _folder) = moody(fake.port);
        signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
        comes_back(&client).await;
        store.meets(meets);
        let note = client.turn_away().await.unwrap();
        let says = |part: &str| note.contains(part);
        assert_eq!(says("may stay valid there"), there, "{note}");
        assert_eq!(says("The keyring is locked."), here, "{note}");
        assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
    }
}

/// Nothing of it is in use, so nothing of it may stay.
#[tokio::test]
async fn what_cannot_be_put_in_place_for_another_program_is_revoked() {
    let fake = Fake::start(answers).await;
    let (client, store, folder) = ready(TP, fake.port, &redirect());
    signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
    comes_back(&client).await;
    // A folder where the lock file should be: it can be had by nobody.
    let lock = folder.path().join("trek-point.lock");
    if lock.exists() {
        std::fs::remove_file(&lock).unwrap();
    }
    std::fs::create_dir(&lock).unwrap();
    assert_eq!(client.admit().await.unwrap_err().code(), "sign_in_lock");
    assert_eq!(revoked(&fake), ["bob-r1", "bob1"]);
    assert_eq!(set_apart(store.as_ref()), None);
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
}

/// Whoever gives up while the service is asked who it is, or before it gave the tokens, is not let in.
#[tokio::test]
async fn who_gives_up_late_is_turned_away() {
    for slow in ["/oauth/profile", "/oauth/token"] {
        let (asked, was_asked) = tokio::sync::watch::channel(false);
        let fake = Fake::start(move |seen| {
            if seen.path == slow {
                asked.send_replace(true);
                std::thread::sleep(std::time::Duration::from_millis(300));
            }
            answers(seen)
        })
        .await;
        let (client, store, _folder) = ready(TP, fake.port, &redirect());
        signed_in(store.as_ref(), TP, "ann1", Some("ann-r1"), None);
        let open = |address: &str| browser(address, "code=c&state=STATE", Arc::default());
        let mut was_asked = was_asked;
        let given_up = async move {
            was_asked.wait_for(|asked| *asked).await.unwrap();
        };
        let ended = client.sign_in(&open, &now, given_up).await;
        assert_eq!(ended.unwrap_err().code(), "cancelled", "{slow}");
        assert_eq!(revoked(&fake), ["bob-r1", "bob1"], "{slow}");
        assert_eq!(set_apart(store.as_ref()), None);
        assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("ann1"));
    }
}

/// They would be the name of the account, and what it may do.
#[tokio::test]
async fn a_profile_that_repeats_our_token_does_not_get_it_through() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/oauth/profile" => json(200, r#"{"id":"x-bobs-token","username":"bobs-token"}"#),
        _ => json(
            200,
            r#"{"access_token":"bobs-token","token_type":"Bearer","expires_in":3600,"scope":"read bobs-token"}"#,
        ),
    })
    .await;
    let (client, _store, _folder) = ready(TP, fake.port, &redirect());
    let who = comes_back(&client).await;
    assert!(who.label.is_some() && who.scopes.len() == 2, "{who:?}");
    assert!(!format!("{who:?}").contains("bobs-token"), "{who:?}");
}
