//! Both services' clients at a server of raw bytes, asked one thing at a time, and what they tell in a word.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use service::{Client, Outcome, SecretStore, ServiceId, SessionStore, SignInError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use track::Format;

use crate::common::ports::quiet_ports;
use crate::common::{client, now, run, settings, signed_in, silent, stored_access};
use crate::raw::Raw;

/// What is asked of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Upload,
    /// Whether the upload that is called 5 is ready.
    Poll,
    List,
    SignIn,
    SignOut,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) what: String,
    /// What follows for a person, as far as something is said.
    pub(crate) words: String,
    /// The access token that is stored now.
    pub(crate) stored: Option<String>,
}

/// A server, and clients that soon give up and such that don't.
pub(crate) struct World {
    pub(crate) raw: Raw,
    stores: [Arc<SessionStore>; 2],
    /// For each service: the one that soon gives up, then the patient one.
    clients: [[Client; 2]; 2],
    asked: AtomicUsize,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start(short: Duration, long: Duration) -> World {
        let raw = Raw::start().await;
        let folder = tempfile::tempdir().unwrap();
        let stores = [(); 2].map(|()| Arc::new(SessionStore::new()));
        let clients = ServiceId::ALL.map(|id| {
            [short, long].map(|stall| {
                let [port] = quiet_ports();
                let redirect = format!("redirect_uris = [\"http://127.0.0.1:{port}/back\"]");
                let store = Arc::clone(&stores[id as usize]);
                client(settings(id, raw.port, &redirect), store, folder.path())
                    .with_limits(stall, Duration::from_secs(20))
            })
        });
        World {
            raw,
            stores,
            clients,
            asked: AtomicUsize::new(0),
            _folder: folder,
        }
    }

    /// Asks one thing, signed in before it with the access token `a1` unless it is a sign-in.
    pub(crate) async fn ask(&self, id: ServiceId, asked: Asked, soon: bool) -> Told {
        let store = self.stores[id as usize].as_ref();
        // A refresh token that was refused once is never shown again by the same client.
        let refresh = format!("refresh-{}", self.asked.fetch_add(1, Ordering::Relaxed));
        signed_in(store, id, "a1", Some(&refresh), None);
        if asked == Asked::SignIn {
            store.delete(&format!("account:{}", id.name())).unwrap();
        }
        self.ask_again(id, asked, soon).await
    }

    /// Asks one thing with what is stored.
    pub(crate) async fn ask_again(&self, id: ServiceId, asked: Asked, soon: bool) -> Told {
        let store = self.stores[id as usize].as_ref();
        let [short, long] = &self.clients[id as usize];
        let client = if soon { short } else { long };
        let (what, words) = match asked {
            Asked::Upload => {
                let upload = run(vec![7; 3000], Format::Fit);
                told(client.upload(upload, &silent, &now).await)
            }
            Asked::Poll => told(client.poll("5", false, &now).await),
            Asked::List => match client.list(&now).await {
                Ok(list) => (format!("list of {}", list.len()), format!("{list:?}")),
                Err(outcome) => told(outcome),
            },
            Asked::SignIn => signing_in(client).await,
            Asked::SignOut => {
                let out = client.sign_out().await.unwrap();
                let what = if out.revoked {
                    "signed out"
                } else {
                    "signed out here"
                };
                (what.to_owned(), out.note.unwrap_or_default())
            }
        };
        Told {
            what,
            words,
            stored: stored_access(store, id),
        }
    }
}

async fn signing_in(client: &Client) -> (String, String) {
    let never = std::future::pending();
    let signed_in = client.sign_in(&browser, &now, never).await;
    if signed_in.is_ok() {
        client.admit().await.unwrap();
    }
    match signed_in {
        Ok(who) => match who.remote_id {
            Some(id) => (format!("signed in, {id}"), String::new()),
            None => ("signed in".into(), String::new()),
        },
        Err(SignInError::Unreachable { what, .. }) => ("unreachable".into(), what),
        Err(error) => (error.code().into(), error.to_string()),
    }
}

/// Plays the browser of somebody who says yes.
fn browser(address: &str) {
    let address = url::Url::parse(address).unwrap();
    let query = |name: &str| {
        let mut pairs = address.query_pairs();
        let found = pairs.find(|(key, _)| key == name);
        found.unwrap().1.into_owned()
    };
    let back = url::Url::parse(&query("redirect_uri")).unwrap();
    let state = query("state");
    tokio::spawn(async move {
        let (port, path) = (back.port().unwrap(), back.path());
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
        let request = format!(
            "GET {path}?code=c&state={state} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = Vec::new();
        let _ = stream.read_to_end(&mut page).await; // what the page says is tested elsewhere
    });
}

/// An outcome in a word, with what decides over it; and its words for people.
fn told(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Created { id, .. } => (format!("created {id}"), String::new()),
        Outcome::Existing { id: Some(id) } => (format!("existing {id}"), String::new()),
        Outcome::Existing { id: None } => ("existing".into(), String::new()),
        Outcome::Processing { id } => (format!("processing {id}"), String::new()),
        Outcome::NeedsSignIn(words) => ("needs sign-in".into(), words),
        Outcome::NeedsScope(words) => ("needs scope".into(), words),
        Outcome::Refused(words) => ("refused".into(), words),
        Outcome::Vanished => ("vanished".into(), String::new()),
        Outcome::Blocked(words) => ("blocked".into(), words),
        Outcome::Throttled { after, what, .. } => match after {
            Some(after) => (format!("throttled {}", after.as_secs()), what),
            None => ("throttled".into(), what),
        },
        Outcome::Transient { what, .. } => ("transient".into(), what),
        Outcome::NoList(words) => ("no list".into(), words),
        Outcome::SecretsClosed(error) => ("secrets closed".into(), error.to_string()),
        Outcome::Unknown(words) => ("unknown".into(), words),
    }
}

/// A whole answer of a service that does nothing wrong.
pub(crate) fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
