//! The network: one request out, one capped answer back, and in words why none came. Knows no service and no token.

use std::error::Error as _;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Body, Request, redirect, retry};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::Bytes;
use crate::answer::Answer;
use crate::transport::{Broken, Carried, Transport};

/// Before a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// The largest answer that is read, after unpacking.
pub(crate) const ANSWER: usize = 1 << 20;
/// The largest page of a list that is read, after unpacking.
pub(crate) const LIST: usize = 8 << 20;
/// Bytes handed to the socket at once: the steps of the progress, and the least that must go, or come, within the stall limit.
const CHUNK: usize = 16 << 10;
/// So long nothing may move.
const STALL: Duration = Duration::from_secs(60);
/// So many times as long a page of a list may take in all.
const PAGE: u32 = 5;
/// So many times as long a list may take before its last page is asked for.
const WHOLE: u32 = 10;

/// No usable answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The request may have been taken.
    pub(crate) perhaps_taken: bool,
    /// An answer came, beyond what is read of one, or waited for.
    pub(crate) too_long: bool,
    /// A clause for the user.
    pub(crate) what: String,
}

impl Lost {
    fn new(perhaps_taken: bool, what: impl Into<String>) -> Self {
        Self {
            perhaps_taken,
            too_long: false,
            what: what.into(),
        }
    }

    fn too_long(what: &str) -> Self {
        Self {
            too_long: true,
            ..Self::new(true, what)
        }
    }
}

/// A body on its way out: how much of it has gone, and how much it is.
pub(crate) struct Outgoing {
    sent: watch::Receiver<u64>,
    total: u64,
    parts: Vec<Bytes>,
}

/// The HTTP client: no redirects, no retries of its own, no idle connections (a stale one would make an upload's fate unknown).
pub(crate) struct Wire {
    way: Way,
    stall: Duration,
}

/// How requests go out.
enum Way {
    Network(Result<reqwest::Client, String>),
    Given(Arc<dyn Transport>),
}

impl Wire {
    /// `direct`: past any proxy, for services on this computer.
    pub(crate) fn new(user_agent: &str, direct: bool) -> Self {
        // Whoever installed a provider first is as good; there is only one in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let build = |no_roots: bool| {
            let mut builder = reqwest::Client::builder()
                .user_agent(user_agent)
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                .connect_timeout(CONNECT)
                .pool_max_idle_per_host(0);
            if direct {
                builder = builder.no_proxy();
            }
            if no_roots {
                builder = builder.tls_certs_only(std::iter::empty::<reqwest::Certificate>());
            }
            builder.build()
        };
        // Without any certificates on this computer nothing on the internet is trusted, but a sandbox still works.
        let http = build(false)
            .or_else(|_| build(true))
            .map_err(|_| "the network cannot be used".to_owned());
        Self {
            way: Way::Network(http),
            stall: STALL,
        }
    }

    /// Requests are carried by `transport`.
    pub(crate) fn given(transport: Arc<dyn Transport>) -> Self {
        Self {
            way: Way::Given(transport),
            stall: STALL,
        }
    }

    /// Whether requests go another way than over the network.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.way, Way::Given(_))
    }

    pub(crate) fn set_stall(&mut self, stall: Duration) {
        self.stall = stall;
    }

    /// Sends a small request and reads at most `cap` bytes of the answer.
    pub(crate) async fn ask(&self, request: Request, cap: usize) -> Result<Answer, Lost> {
        let http = match &self.way {
            Way::Network(http) => usable(http)?,
            Way::Given(transport) => {
                let body = request.body().and_then(Body::as_bytes);
                let body = Bytes::copy_from_slice(body.unwrap_or_default());
                return self.carried(transport.as_ref(), request, body).await;
            }
        };
        let response = timeout_at(Instant::now() + self.stall, http.execute(request)).await;
        let response = response.map_err(|_| Lost::new(true, self.silence()))?;
        let response = response.map_err(|error| Lost::new(!error.is_connect(), cause(&error)))?;
        self.read(response, cap).await
    }

    /// Sends a file; the progress is told as the body goes out.
    pub(crate) async fn send(
        &self,
        request: Request,
        mut outgoing: Outgoing,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Answer, Lost> {
        let http = match &self.way {
            Way::Network(http) => usable(http)?,
            Way::Given(transport) => {
                progress(outgoing.total, outgoing.total);
                let body = Bytes::from(outgoing.parts.concat());
                return self.carried(transport.as_ref(), request, body).await;
            }
        };
        let mut answering = pin!(http.execute(request));
        let mut deadline = Instant::now() + self.stall;
        let mut all_out = false;
        let response = loop {
            tokio::select! {
                biased;
                response = &mut answering => break response,
                changed = outgoing.sent.changed(), if !all_out => {
                    // An error: the body is all out or given up; only the answer or the limit ends the wait now.
                    all_out = changed.is_err();
                    deadline = Instant::now() + self.stall;
                    progress(outgoing.sent(), outgoing.total);
                }
                () = sleep_until(deadline) => return Err(Lost::new(outgoing.sent() > 0, self.silence())),
            }
        };
        let sent = outgoing.sent();
        if sent > 0 {
            progress(sent, outgoing.total);
        }
        let response = response.map_err(|error| {
            let went = sent > 0 && !error.is_connect() && !error.is_builder();
            Lost::new(went, cause(&error))
        })?;
        self.read(response, ANSWER).await
    }

    /// As over the network, but for the words.
    async fn carried(
        &self,
        transport: &dyn Transport,
        request: Request,
        body: Bytes,
    ) -> Result<Answer, Lost> {
        let carried = Carried {
            method: request.method().to_string(),
            url: request.url().clone(),
            headers: request.headers().clone(),
            body,
        };
        let reply = timeout_at(Instant::now() + self.stall, transport.carry(carried)).await;
        let reply = reply.map_err(|_| Lost::new(true, self.silence()))?;
        let reply = reply.map_err(|broken| match broken {
            Broken::NotSent => Lost::new(false, "the connection was refused"),
            Broken::Lost => Lost::new(true, "the connection broke off"),
        })?;
        let headers = reply.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        Ok(Answer {
            status: reply.status,
            headers: headers.collect(),
            body: reply.body,
        })
    }

    /// Reads the body within the stall limit; a list, which may be of many years, as long as [`CHUNK`] comes within it each time.
    async fn read(&self, mut response: reqwest::Response, cap: usize) -> Result<Answer, Lost> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let begun = Instant::now();
        let mut deadline = begun + self.stall;
        let mut next_step = CHUNK;
        let mut body = Vec::new();
        loop {
            let chunk = timeout_at(deadline, response.chunk())
                .await
                .map_err(|_| Lost::new(true, self.silence()))?;
            let Some(chunk) = chunk.map_err(|error| Lost::new(true, cause(&error)))? else {
                break;
            };
            if body.len() + chunk.len() > cap {
                return Err(Lost::too_long("its answer is far too long"));
            }
            body.extend_from_slice(&chunk);
            if cap == LIST && body.len() >= next_step {
                if begun.elapsed() > self.stall * PAGE {
                    return Err(Lost::too_long("its answer takes far too long"));
                }
                next_step = body.len() + CHUNK;
                deadline = Instant::now() + self.stall;
            }
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// The longest that a list may take before its last page is asked for.
    pub(crate) fn longest_list(&self) -> Duration {
        self.stall * WHOLE
    }

    fn silence(&self) -> String {
        format!("nothing moved for {} seconds", self.stall.as_secs().max(1))
    }
}

fn usable(http: &Result<reqwest::Client, String>) -> Result<&reqwest::Client, Lost> {
    http.as_ref().map_err(|what| Lost::new(false, what))
}

impl Outgoing {
    /// A body of `parts` that counts itself, and the counter. The length is known, so nothing is sent in chunked form.
    pub(crate) fn new(mut parts: Vec<Bytes>) -> (Body, Self) {
        let total: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let (count, sent) = watch::channel(0);
        let whole = parts.clone();
        parts.reverse();
        let body = stream::unfold((parts, count), |(mut parts, count)| async move {
            let mut part = loop {
                let part = parts.pop()?;
                if !part.is_empty() {
                    break part;
                }
            };
            let chunk = part.split_to(part.len().min(CHUNK));
            parts.push(part);
            count.send_modify(|sent| *sent += chunk.len() as u64);
            Some((Ok::<Bytes, std::io::Error>(chunk), (parts, count)))
        });
        (
            Body::wrap_stream(body),
            Self {
                sent,
                total,
                parts: whole,
            },
        )
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    fn sent(&mut self) -> u64 {
        *self.sent.borrow_and_update()
    }
}

/// Why, as a clause; never the library's own words, which may quote an address.
fn cause(error: &reqwest::Error) -> String {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(kind) = inner
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind)
        {
            match kind {
                ErrorKind::ConnectionRefused => return "the connection was refused".into(),
                ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::NetworkDown => {
                    return "there is no way to it from this network".into();
                }
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof => {
                    return "the connection broke off".into();
                }
                _ => {}
            }
        }
        if inner.to_string().to_lowercase().contains("certificate") {
            return "its certificate is not to be trusted".into();
        }
        source = inner.source();
    }
    let what = match error {
        _ if error.is_dns() => "its name is not known here; there may be no network",
        _ if error.is_connect() && error.is_timeout() => "no connection within 10 seconds",
        _ if error.is_connect() => "there is no connection",
        _ if error.is_decode() => "its answer cannot be unpacked",
        _ => "the connection broke off",
    };
    what.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every other test sets limits of its own.
    #[test]
    fn the_limits_are_those_that_are_promised() {
        assert_eq!(Wire::new("test", true).stall, Duration::from_secs(60));
        assert_eq!(crate::sign_in::PATIENCE, Duration::from_secs(5 * 60));
    }
}
