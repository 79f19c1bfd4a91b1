//! Sign-in and sign-out as a whole: a server that holds to the documents, a browser that is played by the test.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::response::Response;
use browser::{browser, free_port, ready, sign_in_and_admit};
use common::{Fake, Seen, client, json, now, run, settings, signed_in, silent, stored_access};
use service::{Outcome, Secret, SecretError, SecretStore, ServiceId, SessionStore, SignInError};
use track::Format;

const MMT: ServiceId = ServiceId::MapMyTracks;
const TP: ServiceId = ServiceId::TrekPoint;

fn tokens(seen: &Seen) -> Response {
    match seen.path.as_str() {
        "/oauth/profile" if seen.header("authorization") == "Bearer a1" => {
            json(200, r#"{"id":42,"email":"x@y.z","username":"trailrunner"}"#)
        }
        path if path.ends_with("/oauth/token") => json(
            200,
            r#"{"access_token":"a1","token_type":"Bearer","expires_in":3600,"refresh_token":"r1"}"#,
        ),
        _ => json(404, r#"{"error":"not_found"}"#),
    }
}

#[tokio::test]
async fn trek_point_with_pkce_and_profile() {
    let fake = Fake::start(tokens).await;
    let redirect = format!("http://127.0.0.1:{}/trek-point", free_port());
    let (client, store, _folder) = ready(TP, fake.port, &redirect);
    let asked = Arc::new(Mutex::new(String::new()));
    let open = |address: &str| browser(address, "code=c%2F0&state=STATE", Arc::clone(&asked));
    let who = sign_in_and_admit(&client, &open).await.unwrap();
    assert_eq!(
        (who.remote_id.as_deref(), who.label.as_deref()),
        (Some("42"), Some("trailrunner"))
    );
    assert_eq!(
        who.scopes,
        ["profile", "activities_read", "activities_write"]
    );
    let form = fake.seen("/oauth/token")[0].form();
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "c/0"),
        ("redirect_uri", redirect.as_str()),
        ("client_id", "the id"),
    ];
    for (key, value) in expected {
        assert_eq!(form[key], value);
    }
    assert_eq!(form.len(), 5, "{form:?}");
    let challenge = oauth2::PkceCodeChallenge::from_code_verifier_sha256(
        &oauth2::PkceCodeVerifier::new(form["code_verifier"].clone()),
    );
    assert!(
        asked
            .lock()
            .unwrap()
            .contains(&format!("code_challenge={}", challenge.as_str()))
    );
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("a1"));
}

#[tokio::test]
async fn map_my_tracks_with_raw_basic() {
    let fake = Fake::start(tokens).await;
    let redirect = format!("http://127.0.0.1:{}", free_port());
    let (client, store, _folder) = ready(MMT, fake.port, &redirect);
    let none = client
        .sign_in(
            &|_| panic!("the browser was opened"),
            &now,
            std::future::pending(),
        )
        .await
        .unwrap_err();
    assert_eq!(
        none.to_string(),
        "Map My Tracks is not set up: the client secret is missing"
    );
    client
        .set_client_secret(Secret::new("s:e/c+r=ü"))
        .await
        .unwrap();
    assert!(client.has_client_secret().await.unwrap());
    let open = |address: &str| browser(address, "state=STATE&code=abc", Arc::default());
    let who = sign_in_and_admit(&client, &open).await.unwrap();
    assert_eq!(
        (who.remote_id, who.label, who.scopes.len()),
        (None, None, 0)
    );
    let seen = &fake.seen("/api3/oauth/token")[0];
    assert_eq!(
        seen.header("authorization"),
        "Basic dGhlIGlkOnM6ZS9jK3I9w7w="
    );
    let form = seen.form();
    assert_eq!(
        (
            form["code"].as_str(),
            form["redirect_uri"].as_str(),
            form.len()
        ),
        ("abc", redirect.as_str(), 3)
    );
    assert!(client.is_signed_in().await.unwrap() && stored_access(store.as_ref(), MMT).is_some());
}

#[tokio::test]
async fn what_goes_wrong_is_told_and_keeps_the_old_sign_in() {
    for (answer, token_status, token_body, code) in [
        ("error=access_denied&state=STATE", 200, "", "declined"),
        (
            "error=invalid_scope&state=STATE",
            200,
            "",
            "sign_in_refused",
        ),
        (
            "code=x&state=STATE",
            400,
            r#"{"error":"invalid_grant"}"#,
            "sign_in_refused",
        ),
        (
            "code=x&state=STATE",
            401,
            r#"{"error":"invalid_client"}"#,
            "sign_in_refused",
        ),
        ("code=x&state=STATE", 500, "", "unreachable"),
        ("code=x&state=STATE", 200, "<html>", "unreachable"),
        (
            "code=x&state=STATE",
            400,
            r#"{"error":"invalid_request","error_description":"code x-s3cret"}"#,
            "sign_in_refused",
        ),
    ] {
        let fake = Fake::start(move |_| json(token_status, token_body)).await;
        let (client, store, _folder) = ready(
            TP,
            fake.port,
            &format!("http://127.0.0.1:{}/a", free_port()),
        );
        signed_in(store.as_ref(), TP, "old", Some("r0"), None);
        let error = client
            .sign_in(
                &|address| browser(address, answer, Arc::default()),
                &now,
                std::future::pending(),
            )
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{answer} {token_status}: {error}");
        assert!(!error.hint().is_empty());
        assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("old"));
    }
}

#[tokio::test]
async fn a_refused_sign_in_that_repeats_our_secrets_does_not_tell_them() {
    // What the service was shown now, and what it knows of the sign-in before.
    const SECRETS: [&str; 4] = [
        "x-s3cret-code",
        "the-client/s3cret",
        "a-0123456789",
        "r-987654321",
    ];
    let cut = (280..300).map(|length| ".".repeat(length));
    for filler in [String::new()].into_iter().chain(cut) {
        for first in 0..SECRETS.len() {
            let mut words = SECRETS;
            words.swap(0, first);
            let words = format!("{filler}{}", words.join(" "));
            let said = format!(r#"{{"error":"invalid_request","error_description":"{words}"}}"#);
            let fake = Fake::start(move |_| json(400, &said)).await;
            let redirect = format!("http://127.0.0.1:{}/a", free_port());
            let (client, store, _folder) = ready(MMT, fake.port, &redirect);
            let [code, secret, access, refresh] = SECRETS;
            signed_in(store.as_ref(), MMT, access, Some(refresh), None);
            client.set_client_secret(Secret::new(secret)).await.unwrap();
            let by_code = format!("code={code}&state=STATE");
            let by_browser = format!("error=invalid_request&error_description={words}&state=STATE");
            for (answer, shown) in [(by_code, &SECRETS[..]), (by_browser, &SECRETS[1..])] {
                let open = |address: &str| browser(address, &answer, Arc::default());
                let signed_in = client.sign_in(&open, &now, std::future::pending());
                let told = signed_in.await.unwrap_err().to_string();
                assert!(told.contains('…'), "{told}");
                for secret in shown {
                    assert!(!told.contains(&secret[..6]), "{words}: {told}");
                }
            }
        }
    }
}

#[tokio::test]
async fn busy_ports_are_named_and_a_sign_in_can_be_given_up() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (client, _store, _folder) = ready(TP, 9, &format!("http://127.0.0.1:{port}/a"));
    let error = client
        .sign_in(&|_| (), &now, std::future::pending())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Trackdock cannot listen for the answer of Trek Point: port {port} of this computer is taken by another program"
        )
    );
    let (client, _store, _folder) = ready(TP, 9, &format!("http://127.0.0.1:{}/a", free_port()));
    assert_eq!(
        client.sign_in(&|_| (), &now, std::future::ready(())).await,
        Err(SignInError::Cancelled(TP))
    );
    let client = client.with_limits(
        std::time::Duration::from_secs(1),
        std::time::Duration::from_millis(50),
    );
    assert_eq!(
        client.sign_in(&|_| (), &now, std::future::pending()).await,
        Err(SignInError::TimedOut(TP))
    );
}

#[tokio::test]
async fn sign_out_revokes_as_documented_and_erases() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/api3/oauth/revoke" if seen.header("authorization").is_empty() => json(401, ""),
        _ => json(200, ""),
    })
    .await;
    for id in ServiceId::ALL {
        let (client, store, _folder) = ready(id, fake.port, "http://127.0.0.1:1/");
        signed_in(store.as_ref(), id, "a1", Some("r1"), None);
        let out = client.sign_out().await.unwrap();
        assert_eq!((out.revoked, out.note), (true, None));
        assert_eq!(stored_access(store.as_ref(), id), None);
        assert!(!client.sign_out().await.unwrap().revoked);
    }
    let mmt: Vec<_> = fake
        .seen("/api3/oauth/revoke")
        .iter()
        .map(|seen| {
            (
                seen.header("authorization").to_owned(),
                String::from_utf8(seen.body.to_vec()).unwrap(),
            )
        })
        .collect();
    let basic = "Basic dGhlIGlkOnM6ZS9jK3I9w7w=";
    let (refresh, access) = ("token=r1&token_type_hint=refresh_token", "token=a1");
    let expected = [
        ("", refresh),
        (basic, refresh),
        ("", access),
        (basic, access),
    ]
    .map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(mmt, expected);
    let tp: Vec<_> = fake
        .seen("/oauth/revoke")
        .iter()
        .map(|seen| String::from_utf8(seen.body.to_vec()).unwrap())
        .collect();
    assert_eq!(
        tp,
        [
            "token=r1&token_type_hint=refresh_token&client_id=the+id",
            "token=a1&token_type_hint=access_token&client_id=the+id"
        ]
    );
}

#[tokio::test]
async fn sign_out_works_without_a_network() {
    let (client, store, _folder) = ready(MMT, free_port(), "http://127.0.0.1:1/");
    signed_in(store.as_ref(), MMT, "a1", Some("r1"), None);
    let out = client.sign_out().await.unwrap();
    assert!(
        !out.revoked
            && out
                .note
                .unwrap()
                .contains("Map My Tracks could not be told (the connection was refused)")
    );
    assert_eq!(stored_access(store.as_ref(), MMT), None);
}

/// A store that does not take anything while it is locked.
#[derive(Default)]
struct Lockable {
    inner: SessionStore,
    locked: AtomicBool,
}

impl SecretStore for Lockable {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        self.inner.get(name)
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        if self.locked.load(Ordering::SeqCst) {
            return Err(SecretError::Locked);
        }
        self.inner.set(name, secret)
    }
    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.inner.delete(name)
    }
    fn place(&self) -> String {
        "here".into()
    }
}

/// Gives `a2` for the refresh token `r1`, once, and `a3` for a code; only `a2` lets in.
fn gives_once(seen: &Seen, refreshed: &AtomicBool) -> Response {
    if !seen.path.ends_with("/oauth/token") {
        return match seen.header("authorization") {
            "Bearer a2" => json(201, r#"{"id":5,"status":"ready"}"#),
            _ => json(401, r#"{"error":"invalid_token"}"#),
        };
    }
    if seen.form()["grant_type"] != "refresh_token" {
        return json(
            200,
            r#"{"access_token":"a3","token_type":"Bearer","refresh_token":"r3"}"#,
        );
    }
    if refreshed.swap(true, Ordering::SeqCst) {
        return json(400, r#"{"error":"invalid_grant"}"#);
    }
    json(
        200,
        r#"{"access_token":"a2","token_type":"Bearer","refresh_token":"r2"}"#,
    )
}

/// Settings are saved while tokens wait to be stored: the client that is made then has them.
#[tokio::test]
async fn other_settings_leave_tokens_that_wait_to_be_stored() {
    let refreshed = AtomicBool::new(false);
    let fake = Fake::start(move |seen| gives_once(seen, &refreshed)).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Lockable::default());
    signed_in(store.as_ref(), TP, "a1", Some("r1"), None);
    let made = |more: &str| {
        let store = Arc::clone(&store) as Arc<dyn SecretStore>;
        client(settings(TP, fake.port, more), store, folder.path())
    };
    let before = made("");
    store.locked.store(true, Ordering::SeqCst);
    let upload = before.upload(run("x", Format::Fit), &silent, &now);
    let closed = Outcome::SecretsClosed(SecretError::Locked);
    assert_eq!(upload.await, closed);
    store.locked.store(false, Ordering::SeqCst);
    let after = made("min_gap_ms = 5").taking_over(&before);
    let upload = after.upload(run("x", Format::Fit), &silent, &now);
    let outcome = upload.await;
    assert!(matches!(outcome, Outcome::Created { .. }), "{outcome:?}");
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("a2"));
}

/// The tokens of a refresh that could not be stored yet are the sign-in, also after a new sign-in that came to nothing.
#[tokio::test]
async fn a_sign_in_that_is_not_stored_leaves_the_earlier_one() {
    let refreshed = AtomicBool::new(false);
    let fake = Fake::start(move |seen| gives_once(seen, &refreshed)).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Lockable::default());
    signed_in(store.as_ref(), TP, "a1", Some("r1"), None);
    let redirect = format!(
        "redirect_uris = [\"http://127.0.0.1:{}/trek-point\"]",
        free_port()
    );
    let client = client(
        settings(TP, fake.port, &redirect),
        Arc::clone(&store) as Arc<dyn SecretStore>,
        folder.path(),
    );
    let upload = || client.upload(run("x", Format::Fit), &silent, &now);
    store.locked.store(true, Ordering::SeqCst);
    let closed = Outcome::SecretsClosed(SecretError::Locked);
    assert_eq!(upload().await, closed);
    let open = |address: &str| browser(address, "code=c&state=STATE", Arc::default());
    let signed_in = sign_in_and_admit(&client, &open).await;
    assert_eq!(signed_in, Err(SignInError::Secret(SecretError::Locked)));
    store.locked.store(false, Ordering::SeqCst);
    let outcome = upload().await;
    assert!(matches!(outcome, Outcome::Created { .. }), "{outcome:?}");
    assert_eq!(stored_access(store.as_ref(), TP).as_deref(), Some("a2"));
}
