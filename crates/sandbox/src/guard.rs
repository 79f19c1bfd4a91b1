//! What stands before every endpoint of the services: the log, the size limit, and faults on demand.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::{
    answer::{code, json_answer, page, with_header},
    clock::{http_date, stamp},
    control,
    endpoint::{Endpoint, ServiceName},
    fault::{Harm, Shape, take},
    state::Shared,
    wire::Wire,
};

/// Bytes of a body that the services read at most.
const BODY_LIMIT: usize = 64 << 20;
/// A hanging request is let go after this; clients give up long before.
const HANG: Duration = Duration::from_secs(3600);
/// Time for the first half of an answer to leave before the connection ends.
const HALF_WAY: Duration = Duration::from_millis(30);

/// Faults that only the handler can carry out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    /// How long the new activity is processed, and its status after that.
    pub(crate) processing: Option<(Option<u64>, Option<String>)>,
    /// Life of the tokens issued now, in seconds.
    pub(crate) life_s: Option<i64>,
}

/// One request on its way.
struct Passage<'a> {
    shared: &'a Shared,
    wire: Wire,
    harms: Vec<Harm>,
    entry: control::Request,
}

/// Lets a request through to its handler, or does to it what was ordered.
pub(crate) async fn guard(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
    next: Next,
) -> Response {
    let Some(endpoint) = Endpoint::of(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let (harms, at) = {
        let mut state = shared.state();
        let at = stamp(shared.now_ms(&state));
        let state = &mut *state;
        (
            take(&mut state.faults, endpoint, || state.tokens.chance()),
            at,
        )
    };
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let entry = control::Request {
        service: endpoint.service,
        endpoint: endpoint.name.to_owned(),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        user_agent: agent.to_owned(),
        size: 0,
        status: 0,
        faults: harms.iter().map(name).collect(),
        at,
    };
    let mut passage = Passage {
        shared: &shared,
        wire,
        harms,
        entry,
    };
    let response = passage.go(endpoint, request, next).await;
    passage.log();
    response
}

/// What the handler itself has to do of the faults.
fn effects(harms: &[Harm]) -> Effects {
    let processing = harms.iter().find_map(|harm| match harm {
        Harm::Processing { ms, then } => Some((*ms, then.clone())),
        _ => None,
    });
    let life_s = harms.iter().find_map(|harm| match harm {
        Harm::ExpiresIn { seconds } => Some(*seconds),
        _ => None,
    });
    Effects { processing, life_s }
}

/// The fault's name in JSON.
fn name(harm: &Harm) -> String {
    let value = serde_json::to_value(harm).unwrap_or_default();
    value
        .get("fault")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

impl Passage<'_> {
    fn log(&self) {
        self.shared.state().log(self.entry.clone());
    }

    async fn go(&mut self, endpoint: Endpoint, request: Request, next: Next) -> Response {
        let harms = self.harms.clone();
        let (mut head, body) = request.into_parts();
        if let Some(Harm::CutRequest { after_bytes }) = harms
            .iter()
            .find(|harm| matches!(harm, Harm::CutRequest { .. }))
        {
            return self.cut_request(body, *after_bytes).await;
        }
        if head.method == "POST" && head.headers.contains_key(header::TRANSFER_ENCODING) {
            return self.answered(page(411, "Length Required", ""));
        }
        let Ok(bytes) = to_bytes(body, BODY_LIMIT).await else {
            return self.answered(page(413, "Payload Too Large", ""));
        };
        self.entry.size = bytes.len() as u64;
        for harm in &harms {
            if let Harm::Slow { ms } = harm {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
        }
        let effects = effects(&harms);
        let harm = harms.into_iter().find(|harm| !harm.goes_together());
        if let Some(answer) = self.instead(harm.as_ref()).await {
            return answer;
        }
        let blocked = self
            .entry
            .user_agent
            .to_ascii_lowercase()
            .contains("python");
        if endpoint.service == ServiceName::MapMyTracks && blocked {
            return self.answered(page(403, "403 Forbidden", ""));
        }
        let echo = echo(harm.as_ref(), &head.headers, &bytes);
        head.extensions.insert(effects);
        let reads = head.method == "GET" && endpoint.name != "authorize";
        let response = next.run(Request::from_parts(head, Body::from(bytes))).await;
        // Reading changes nothing that a restart needs.
        let saved = if reads {
            Ok(())
        } else {
            self.shared.save(&self.shared.state())
        };
        if let Err(error) = saved {
            return self.answered(page(
                500,
                "The sandbox can't keep its state",
                &format!("<p>{error}</p>"),
            ));
        }
        self.after(harm, echo.unwrap_or(response)).await
    }

    fn answered(&mut self, response: Response) -> Response {
        self.entry.status = response.status().as_u16();
        response
    }

    /// Reads a part of the body and cuts the connection.
    async fn cut_request(&mut self, body: Body, after_bytes: usize) -> Response {
        let mut stream = body.into_data_stream();
        let mut read = 0;
        while read < after_bytes {
            match stream.next().await {
                Some(Ok(chunk)) => read += chunk.len(),
                Some(Err(_)) | None => break,
            }
        }
        self.entry.size = read as u64;
        self.wire.reset();
        StatusCode::BAD_GATEWAY.into_response()
    }

    /// The answer of a fault that keeps the request from its handler.
    async fn instead(&mut self, harm: Option<&Harm>) -> Option<Response> {
        match harm? {
            Harm::Status {
                status,
                retry_after_s,
                retry_after_date,
                body,
            } => {
                let mut response = match body {
                    Some(body) => json_answer(*status, body.clone()),
                    None => page(
                        *status,
                        code(*status).canonical_reason().unwrap_or("Error"),
                        "",
                    ),
                };
                if let Some(seconds) = retry_after_s {
                    let now_ms = self.shared.now_ms(&self.shared.state());
                    let date = || http_date(now_ms + i64::from(*seconds) * 1000);
                    let value = if *retry_after_date {
                        date()
                    } else {
                        seconds.to_string()
                    };
                    response = with_header(response, header::RETRY_AFTER, &value);
                }
                Some(self.answered(response))
            }
            Harm::Cut => {
                self.wire.reset();
                Some(StatusCode::BAD_GATEWAY.into_response())
            }
            Harm::Hang { kept: false } => Some(self.hang().await),
            Harm::Html {
                kept: false,
                status,
            } => Some(self.answered(maintenance(*status))),
            _ => None,
        }
    }

    async fn hang(&mut self) -> Response {
        // The client's leaving ends this future, so the log is written first.
        self.log();
        tokio::time::sleep(HANG).await;
        self.wire.reset();
        StatusCode::GATEWAY_TIMEOUT.into_response()
    }

    /// What happens to the answer of a request that was handled.
    async fn after(&mut self, harm: Option<Harm>, response: Response) -> Response {
        match harm {
            Some(Harm::Lost) => {
                self.wire.reset();
                response
            }
            Some(Harm::CutAnswer) => half(response, self.wire.clone()).await,
            Some(Harm::Hang { .. }) => self.hang().await,
            Some(Harm::Html { status, .. }) => self.answered(maintenance(status)),
            Some(Harm::Reshape { shape }) => {
                let response = reshape(response, shape).await;
                self.answered(response)
            }
            _ => self.answered(response),
        }
    }
}

/// An error in whose words all is that was sent.
fn echo(harm: Option<&Harm>, headers: &HeaderMap, body: &[u8]) -> Option<Response> {
    let Harm::Echo { status } = harm? else {
        return None;
    };
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.map_or(&[][..], HeaderValue::as_bytes);
    let words = [authorization, b" ", body].concat();
    let words = String::from_utf8_lossy(&words);
    let body = json!({ "error": "invalid_request", "error_description": words });
    Some(json_answer(*status, body))
}

fn maintenance(status: u16) -> Response {
    page(
        status,
        "Back soon",
        "<p>We are improving the site &amp; will be back in a moment.</p>",
    )
}

/// Sends half of an answer, its length announced whole, and ends the connection.
async fn half(response: Response, wire: Wire) -> Response {
    let (mut head, body) = response.into_parts();
    let bytes = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    if bytes.is_empty() {
        wire.reset();
    }
    head.headers
        .insert(header::CONTENT_LENGTH, bytes.len().into());
    let first = bytes.slice(..bytes.len() / 2);
    let stream = futures_util::stream::unfold(Some(first), move |first| {
        let wire = wire.clone();
        async move {
            if let Some(first) = first {
                return Some((Ok::<Bytes, std::io::Error>(first), None));
            }
            tokio::time::sleep(HALF_WAY).await;
            wire.end();
            Some((Err(std::io::Error::other("cut on demand")), None))
        }
    });
    Response::from_parts(head, Body::from_stream(stream))
}

/// The same news in another shape.
async fn reshape(response: Response, shape: Shape) -> Response {
    let (mut head, body) = response.into_parts();
    let bytes = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let mut value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let key = if value.get("activity_id").is_some() {
        "activity_id"
    } else {
        "id"
    };
    let id = value.get(key).map(ToString::to_string).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        match shape {
            Shape::WithoutId | Shape::Location => fields.remove(key),
            Shape::EmptyId => fields.insert(key.to_owned(), json!("")),
            Shape::StringId => fields.insert(key.to_owned(), json!(id)),
            Shape::Nested => None,
        };
    }
    if shape == Shape::Nested {
        value = json!({"activity": value});
    }
    head.headers.remove(header::CONTENT_LENGTH);
    let mut response = Response::from_parts(head, Body::from(value.to_string()));
    if shape == Shape::Location {
        *response.status_mut() = StatusCode::ACCEPTED;
        *response.body_mut() = Body::from("{}");
        response = with_header(
            response,
            header::LOCATION,
            &format!("/api/v1/activities/{id}"),
        );
    } else if shape == Shape::WithoutId {
        response.headers_mut().remove(header::LOCATION);
    }
    response
}
