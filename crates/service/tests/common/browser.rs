//! A client that can sign in, and a browser that is played by the test.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::{Arc, Mutex};

use service::{Client, SecretStore, ServiceId, SessionStore, SignInError, SignedIn};

use crate::common::ports::quiet_ports;
use crate::common::{client, now, settings};

pub(crate) fn free_port() -> u16 {
    let [port] = quiet_ports();
    port
}

pub(crate) fn ready(
    id: ServiceId,
    server: u16,
    redirect: &str,
) -> (Client, Arc<SessionStore>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SessionStore::new());
    let settings = settings(id, server, &format!("redirect_uris = [\"{redirect}\"]"));
    (
        client(
            settings,
            Arc::clone(&store) as Arc<dyn SecretStore>,
            folder.path(),
        ),
        store,
        folder,
    )
}

/// Plays the browser: reads the authorize address, and comes back with `answer` in place of `STATE`.
pub(crate) fn browser(address: &str, answer: &str, asked: Arc<Mutex<String>>) {
    *asked.lock().unwrap() = address.to_owned();
    let query = |name: &str| {
        url::Url::parse(address)
            .unwrap()
            .query_pairs()
            .find(|(key, _)| key == name)
            .unwrap()
            .1
            .into_owned()
    };
    let back = format!(
        "{}?{}",
        query("redirect_uri"),
        answer.replace("STATE", &query("state"))
    );
    tokio::spawn(async move {
        reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .get(back)
            .send()
            .await
            .unwrap()
    });
}

/// Signs in with that browser, and is let in.
pub(crate) async fn sign_in_and_admit(
    client: &Client,
    open: &(dyn Fn(&str) + Send + Sync),
) -> Result<SignedIn, SignInError> {
    let who = client.sign_in(open, &now, std::future::pending()).await?;
    client.admit().await?;
    Ok(who)
}
