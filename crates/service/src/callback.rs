//! Where the browser comes back to: a listener on 127.0.0.1 that takes one answer. Knows no service and no token.
//!
//! Any web page, and any program on this computer, can knock here. So: the state must be ours, the host name must be the
//! one the browser was sent to, everything else is not found, and no word of a request is ever written into an answer.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::clean;
use crate::secret::Secret;
use crate::settings::redirect_target;
use crate::visitors::Visitors;

/// The longest code that is believed.
const CODE: usize = 4096;
/// How long a connection may stay: a browser sends its request at once, and no other program may keep one for ever.
pub(crate) const STAY: Duration = Duration::from_secs(10);
/// How long the last page may take to reach the browser.
const FAREWELL: Duration = Duration::from_millis(500);

const DONE: &str = include_str!("../pages/done.html");
const DECLINED: &str = include_str!("../pages/declined.html");
const STRANGE: &str = include_str!("../pages/strange.html");

/// What the browser brought.
pub(crate) enum Brought {
    Code(Secret),
    /// The service's word for why not, cleaned.
    Error(String),
}

/// The ports of all redirect addresses are taken.
#[derive(Debug)]
pub(crate) struct PortsBusy(pub(crate) Vec<u16>);

/// A bound listener, before the state is known.
pub(crate) struct Port {
    listener: TcpListener,
    redirect: String,
    host: String,
    path: String,
}

/// A listener at work; it stops when dropped.
pub(crate) struct Callback {
    brought: oneshot::Receiver<Brought>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

struct Desk {
    host: String,
    path: String,
    state: String,
    taken: Mutex<Option<oneshot::Sender<Brought>>>,
}

impl Port {
    /// Binds the first of the redirect addresses whose port is free, before any browser is opened.
    pub(crate) async fn bind(redirect_uris: &[String]) -> Result<Self, PortsBusy> {
        let mut busy = Vec::new();
        for redirect in redirect_uris {
            let Some((address, port, path)) = redirect_target(redirect) else {
                continue;
            };
            match TcpListener::bind((address, port)).await {
                Ok(listener) => {
                    return Ok(Self {
                        listener,
                        redirect: redirect.clone(),
                        host: host(address, port),
                        path,
                    });
                }
                Err(_) => busy.push(port),
            }
        }
        Err(PortsBusy(busy))
    }

    /// The redirect address as it was registered, byte for byte.
    pub(crate) fn redirect(&self) -> &str {
        &self.redirect
    }

    /// Takes requests from now on, each connection for so long.
    pub(crate) fn listen(self, state: &str, stay: Duration) -> Callback {
        let (bring, brought) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let desk = Desk {
            host: self.host,
            path: self.path,
            state: state.to_owned(),
            taken: Mutex::new(Some(bring)),
        };
        let router = Router::new().fallback(knock).with_state(Arc::new(desk));
        let visitors = Visitors::new(self.listener, stay);
        let server = tokio::spawn(async move {
            let served = axum::serve(visitors, router).with_graceful_shutdown(async {
                // A dropped sender stops it as well.
                let _ = stopped.await;
            });
            if let Err(error) = served.await {
                tracing::warn!(kind = ?error.kind(), "the sign-in listener stopped");
            }
        });
        Callback {
            brought,
            stop: Some(stop),
            server,
        }
    }
}

impl Callback {
    /// What the browser brings; waits for ever.
    pub(crate) async fn brought(&mut self) -> Option<Brought> {
        (&mut self.brought).await.ok()
    }

    /// Lets the last page reach the browser, then frees the port.
    pub(crate) async fn close(mut self) {
        drop(self.stop.take());
        // A browser that keeps its connection open is not waited for; the connection ends when its time is over.
        let _ = tokio::time::timeout(FAREWELL, &mut self.server).await;
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn host(address: Ipv4Addr, port: u16) -> String {
    if port == 80 {
        address.to_string()
    } else {
        format!("{address}:{port}")
    }
}

async fn knock(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if !is_for_us(
        &desk,
        request.method(),
        request.uri().path(),
        request.headers(),
    ) {
        return (
            StatusCode::NOT_FOUND,
            [(header::CACHE_CONTROL, "no-store")],
            "Nothing here.\n",
        )
            .into_response();
    }
    let Some(brought) = read(query, &desk.state) else {
        return page(StatusCode::BAD_REQUEST, STRANGE);
    };
    let Some(taken) = desk
        .taken
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
    else {
        return page(StatusCode::GONE, STRANGE);
    };
    let answer = match brought {
        Brought::Code(_) => page(StatusCode::OK, DONE),
        Brought::Error(_) => page(StatusCode::OK, DECLINED),
    };
    // The sign-in may have been given up in this moment; the page is right in any case.
    let _ = taken.send(brought);
    answer
}

fn is_for_us(desk: &Desk, method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = hosts
        .next()
        .is_some_and(|name| name.as_bytes() == desk.host.as_bytes())
        && hosts.next().is_none();
    named && method == Method::GET && path == desk.path
}

/// The code or the error of an answer to our own question, and nothing of any other. A name that comes twice is refused.
fn read(query: &str, state: &str) -> Option<Brought> {
    let mut found: [Option<String>; 4] = Default::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = ["state", "code", "error", "error_description"]
            .iter()
            .position(|known| *known == name);
        let Some(slot) = place.and_then(|place| found.get_mut(place)) else {
            continue;
        };
        if slot.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    let [theirs, code, error, description] = found;
    if theirs.as_deref() != Some(state) {
        return None;
    }
    match (
        code.filter(|code| !code.is_empty()),
        error.filter(|error| !error.is_empty()),
    ) {
        (Some(code), None) if code.len() <= CODE && !code.chars().any(char::is_control) => {
            Some(Brought::Code(Secret::new(code)))
        }
        (None, Some(error)) => Some(Brought::Error(
            match description.filter(|words| !words.is_empty()) {
                Some(words) if error != "access_denied" => clean(&format!("{words} ({error})")),
                _ => clean(&error),
            },
        )),
        _ => None,
    }
}

fn page(status: StatusCode, html: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONNECTION, "close"),
    ];
    (status, headers, html).into_response()
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
