//! A tiny web server whose answers each test writes, and clients that talk to it.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

#[path = "../../../../tests/common/ports.rs"]
pub(crate) mod ports;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use service::{Bytes, Client, Secret, SecretStore, ServiceId, Settings, Upload, Visibility};
use track::{Format, Sport};

/// A request as it arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body)
            .into_owned()
            .collect()
    }
}

/// The server: what it saw, and where it is.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
        };
        let (seen, answer) = (Arc::clone(&fake.seen), Arc::new(answer));
        let router = Router::new().fallback(move |request: Request| {
            let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 64 << 20).await.unwrap_or_default();
                let (path, query) = (
                    parts.uri.path().to_owned(),
                    parts.uri.query().unwrap_or_default().to_owned(),
                );
                let one = Seen {
                    method: parts.method.to_string(),
                    path,
                    query,
                    headers: parts.headers,
                    body,
                };
                seen.lock().unwrap().push(one.clone());
                answer(&one)
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.path == path)
            .cloned()
            .collect()
    }
}

pub(crate) fn json(status: u16, body: impl Into<String>) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        [("content-type", "application/json")],
        body.into(),
    )
        .into_response()
}

pub(crate) fn settings(id: ServiceId, port: u16, extra: &str) -> Settings {
    let bases = match id {
        ServiceId::MapMyTracks => format!("base = \"http://127.0.0.1:{port}/api3\""),
        ServiceId::TrekPoint => format!("oauth_base = \"http://127.0.0.1:{port}\""),
    };
    let table = format!("client_id = \"the id\"\n{bases}\n{extra}");
    Settings::from_table(id, Some(&table.parse().unwrap())).unwrap()
}

pub(crate) fn client(settings: Settings, store: Arc<dyn SecretStore>, folder: &Path) -> Client {
    Client::new(
        settings.id(),
        settings,
        store,
        folder.to_owned(),
        "Trackdock/0.0 (+test)",
    )
    .with_limits(Duration::from_secs(2), Duration::from_secs(20))
}

pub(crate) fn signed_in(
    store: &dyn SecretStore,
    id: ServiceId,
    access: &str,
    refresh: Option<&str>,
    expires_at: Option<&str>,
) {
    let text = serde_json::json!({"access_token": access, "refresh_token": refresh, "expires_at": expires_at, "scopes": []});
    store
        .set(
            &format!("account:{}", id.name()),
            &Secret::new(text.to_string()),
        )
        .unwrap();
    store
        .set(
            &format!("client-secret:{}", id.name()),
            &Secret::new("s:e/c+r=ü"),
        )
        .unwrap();
}

pub(crate) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(crate) fn run(bytes: impl Into<Bytes>, format: Format) -> Upload {
    Upload {
        file_name: "2026-03-29 Läufe.fit".into(),
        format,
        bytes: bytes.into(),
        name: Some("Sonntag früh 2026-03-29 08:30".into()),
        sport: Sport::Running,
        visibility: Some(Visibility::Private),
    }
}

pub(crate) fn silent(_: u64, _: u64) {}

/// The stored access token, if any.
pub(crate) fn stored_access(store: &dyn SecretStore, id: ServiceId) -> Option<String> {
    let text = store.get(&format!("account:{}", id.name())).unwrap()?;
    let json: serde_json::Value = serde_json::from_str(text.expose()).unwrap();
    Some(json["access_token"].as_str().unwrap().to_owned())
}

/// An authorization server that rotates: `a<n>` and `r<n>`, an old refresh token is refused.
pub(crate) async fn rotating(id: ServiceId, store: Arc<dyn SecretStore>) -> Fake {
    rotating_after(id, store, |_| {}).await
}

/// As [`rotating`]; `before` is called with each request before it is answered.
pub(crate) async fn rotating_after(
    id: ServiceId,
    store: Arc<dyn SecretStore>,
    before: impl Fn(&Seen) + Send + Sync + 'static,
) -> Fake {
    let generation = AtomicU32::new(1);
    Fake::start(move |seen| {
        before(seen);
        let current = generation.load(Ordering::SeqCst);
        if seen.path.ends_with("/oauth/token") {
            if seen.form().get("refresh_token") != Some(&format!("r{current}")) {
                return json(400, r#"{"error":"invalid_grant"}"#);
            }
            let next = generation.fetch_add(1, Ordering::SeqCst) + 1;
            return json(
                200,
                format!(
                    r#"{{"access_token":"a{next}","refresh_token":"r{next}","expires_in":3600}}"#
                ),
            );
        }
        if seen.header("authorization") != format!("Bearer a{current}") || current == 1 {
            return json(401, r#"{"error":"invalid_token"}"#);
        }
        // What is used was stored before.
        assert_eq!(
            stored_access(store.as_ref(), id),
            Some(format!("a{current}"))
        );
        json(200, r#"{"activity_id":5,"id":5,"status":"ready"}"#)
    })
    .await
}
