//! Answers that break off at every byte, in each way that a connection can end: what is told is true, nothing is sent twice,
//! and the sign-in is either the old one or the new one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;
#[path = "common/raw.rs"]
mod raw;
#[path = "common/told.rs"]
mod told;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use raw::{End, Reply};
use service::ServiceId::{self, MapMyTracks, TrekPoint};
use told::{Asked, World};

/// A client that gives up so early is only asked where nothing comes any more.
const SHORT: Duration = Duration::from_millis(250);
/// A client that never gives up within a test.
const LONG: Duration = Duration::from_secs(60);
/// Cases under way at once; most of them wait.
const AT_ONCE: usize = 48;

const MMT_UPLOAD: &str = "POST /api3/uploadActivity";
const TP_UPLOAD: &str = "POST /api/v1/activities";
const TP_LIST: &str = "GET /api/v1/activities";
const TP_DETAIL: &str = "GET /api/v1/activities/5";
const TP_TOKEN: &str = "POST /oauth/token";
const MMT_TOKEN: &str = "POST /api3/oauth/token";

const READY: &str = r#"{"id":5,"status":"ready"}"#;
const TOKENS: &str =
    r#"{"access_token":"a2","token_type":"Bearer","expires_in":3600,"refresh_token":"r2"}"#;
const LIST: &str = r#"{"activities":[{"id":4,"name":"é","activity_started_at":"2026-03-29T06:30:00Z","distance_m":10000.5,"duration_s":3600,"status":"ready","created_on":"2026-03-30T00:00:00Z"},{"id":5,"status":"ready"}]}"#;
const EMPTY_LIST: &str = r#"{"activities":[]}"#;

/// One answer that is cut, and what must come of it.
struct Shape {
    service: ServiceId,
    asked: Asked,
    /// The request whose answer is cut.
    cut: &'static str,
    status: &'static str,
    body: &'static str,
    /// What else is asked on the way, and how it is answered: the nth time by the nth.
    others: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    /// The whole answer came.
    whole: &'static str,
    /// It broke off.
    lost: &'static str,
    /// Its head came, and a body that seemed whole because nothing said how long it is.
    torn: &'static str,
    /// Uploads sent, at most.
    uploads: usize,
}

const PLAIN: Shape = Shape {
    service: TrekPoint,
    asked: Asked::Upload,
    cut: TP_UPLOAD,
    status: "200 OK",
    body: READY,
    others: &[],
    whole: "created 5",
    lost: "unknown",
    torn: "unknown",
    uploads: 1,
};

const REFUSED_TOKEN: &str = r#"{"error":"invalid_token","message":"it has ended"}"#;

const SHAPES: [Shape; 17] = [
    PLAIN,
    Shape {
        service: MapMyTracks,
        cut: MMT_UPLOAD,
        body: r#"{"function":"uploadActivity","activity_id":1234567,"status":"new"}"#,
        whole: "created 1234567",
        ..PLAIN
    },
    Shape {
        status: "202 Accepted",
        body: r#"{"activity":{"id":5,"status":"processing"}}"#,
        whole: "processing 5",
        ..PLAIN
    },
    Shape {
        status: "201 Created\r\nLocation: /api/v1/activities/5",
        body: "{}",
        whole: "processing 5",
        // The head says what it is called: it was taken.
        torn: "processing 5",
        ..PLAIN
    },
    Shape {
        status: "409 Conflict",
        body: r#"{"error":"duplicate_activity","detail":{"id":"a-7"}}"#,
        whole: "existing a-7",
        torn: "existing",
        ..PLAIN
    },
    Shape {
        service: MapMyTracks,
        cut: MMT_UPLOAD,
        status: "403 Forbidden",
        body: r#"{"function":"uploadActivity","error":"invalid_file","message":"no track in it"}"#,
        whole: "refused",
        torn: "blocked",
        ..PLAIN
    },
    Shape {
        status: "422 Unprocessable Content",
        body: r#"{"error":"invalid_file","message":"no points"}"#,
        whole: "refused",
        torn: "refused",
        ..PLAIN
    },
    Shape {
        status: "429 Too Many Requests\r\nRetry-After: 30",
        body: r#"{"error":"rate_limited"}"#,
        whole: "throttled 30",
        torn: "throttled 30",
        ..PLAIN
    },
    // The answer that the token has ended is cut at each byte; the refresh, and what follows, is whole.
    Shape {
        status: "401 Unauthorized",
        body: REFUSED_TOKEN,
        others: &[(TP_TOKEN, &[("200 OK", TOKENS)])],
        whole: "needs sign-in",
        torn: "needs sign-in",
        uploads: 2,
        ..PLAIN
    },
    Shape {
        cut: TP_TOKEN,
        body: TOKENS,
        others: &[(
            TP_UPLOAD,
            &[("401 Unauthorized", REFUSED_TOKEN), ("200 OK", READY)],
        )],
        lost: "transient",
        torn: "transient",
        uploads: 2,
        ..PLAIN
    },
    Shape {
        cut: TP_TOKEN,
        status: "400 Bad Request",
        body: r#"{"error":"invalid_grant"}"#,
        others: &[(TP_UPLOAD, &[("401 Unauthorized", REFUSED_TOKEN)])],
        whole: "needs sign-in",
        lost: "transient",
        torn: "blocked",
        ..PLAIN
    },
    Shape {
        asked: Asked::Poll,
        cut: TP_DETAIL,
        others: &[(TP_LIST, &[("200 OK", EMPTY_LIST)])],
        lost: "transient",
        // The list, which has none, is of the same moment: it is still on its way.
        torn: "processing 5",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::Poll,
        cut: TP_DETAIL,
        status: "404 Not Found",
        body: r#"{"error":"not_found"}"#,
        others: &[(TP_LIST, &[("200 OK", EMPTY_LIST)])],
        whole: "refused",
        lost: "transient",
        torn: "refused",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::List,
        cut: TP_LIST,
        body: LIST,
        whole: "list of 2",
        lost: "transient",
        torn: "transient",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::SignIn,
        cut: TP_TOKEN,
        body: TOKENS,
        others: &[("GET /oauth/profile", &[("200 OK", r#"{"id":42}"#)])],
        whole: "signed in, 42",
        lost: "unreachable",
        torn: "unreachable",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::SignIn,
        cut: "GET /oauth/profile",
        body: r#"{"id":42,"email":"x@y.z","username":"trailrunner"}"#,
        others: &[(TP_TOKEN, &[("200 OK", TOKENS)])],
        whole: "signed in, 42",
        // Not knowing who it is is no reason to undo a sign-in.
        lost: "signed in",
        torn: "signed in",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        service: MapMyTracks,
        asked: Asked::SignOut,
        cut: "POST /api3/oauth/revoke",
        body: "{}",
        whole: "signed out",
        lost: "signed out here",
        torn: "signed out",
        uploads: 0,
        ..PLAIN
    },
];

/// How the answer says where its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
    Closed,
}

/// An answer's bytes, and where its head and its data end.
struct Wire {
    bytes: Vec<u8>,
    head: usize,
    data: usize,
}

fn wire(shape: &Shape, framing: Framing) -> Wire {
    let (status, body) = (shape.status, shape.body);
    let how = match framing {
        Framing::Length => format!("Content-Length: {}\r\n", body.len()),
        Framing::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
        Framing::Closed => "Connection: close\r\n".to_owned(),
    };
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{how}\r\n");
    let head = text.len();
    let data = if framing == Framing::Chunked {
        let middle = (0..=body.len() / 2).rfind(|at| body.is_char_boundary(*at));
        let (first, second) = body.split_at(middle.unwrap());
        text += &format!(
            "{:x}\r\n{first}\r\n{:x};a=b\r\n{second}",
            first.len(),
            second.len()
        );
        let data = text.len();
        text += "\r\n0\r\n\r\n";
        data
    } else {
        text += body;
        text.len()
    };
    Wire {
        bytes: text.into_bytes(),
        head,
        data,
    }
}

/// One cut.
#[derive(Clone, Copy)]
struct Case {
    shape: &'static Shape,
    framing: Framing,
    at: usize,
    end: End,
}

/// Every byte of every answer. Where the body's end is said in another way than by its length, a stall is tried at every
/// seventh byte: each costs the time of the client's patience.
fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for shape in &SHAPES {
        for framing in [Framing::Length, Framing::Chunked, Framing::Closed] {
            let length = wire(shape, framing).bytes.len();
            for at in 0..=length {
                for end in [End::Fin, End::Reset, End::Stall] {
                    if end != End::Stall || framing == Framing::Length || at % 7 == 0 {
                        all.push(Case {
                            shape,
                            framing,
                            at,
                            end,
                        });
                    }
                }
            }
        }
    }
    all
}

impl Case {
    fn closed_before_its_end(&self) -> bool {
        self.framing == Framing::Closed && self.end == End::Stall
    }

    /// What may be told.
    fn expected(&self) -> Vec<&'static str> {
        let Shape {
            whole, lost, torn, ..
        } = *self.shape;
        let wire = wire(self.shape, self.framing);
        let all = self.at == wire.bytes.len();
        match (self.framing, self.end) {
            (Framing::Closed, End::Fin) if all => vec![whole],
            (Framing::Closed, End::Fin) if self.at >= wire.head => vec![torn],
            // A reset may overtake what was sent before it.
            (Framing::Closed, End::Reset) if self.at >= wire.head => vec![lost, torn, whole],
            (Framing::Closed, _) => vec![lost],
            (_, End::Reset) if self.at >= wire.data => vec![whole, lost],
            _ if all => vec![whole],
            // All was said; only the mark of the end is missing.
            _ if self.at >= wire.data => vec![whole, lost],
            _ => vec![lost],
        }
    }

    /// Whether a client that soon gives up is asked.
    fn stalls(&self) -> bool {
        let whole = self.at == wire(self.shape, self.framing).bytes.len();
        self.end == End::Stall && (!whole || self.closed_before_its_end())
    }

    /// What is wrong, in words.
    async fn check(&self, world: &World) -> Option<String> {
        let Shape {
            service,
            asked,
            cut,
            others,
            ..
        } = *self.shape;
        let wire = wire(self.shape, self.framing);
        let mut bytes = wire.bytes;
        bytes.truncate(self.at);
        let reply = Reply::of(bytes, self.end);
        let counts: Mutex<BTreeMap<String, usize>> = Mutex::default();
        world.raw.answer(move |name| {
            if name == cut {
                return reply.clone();
            }
            let (_, answers) = others.iter().find(|(other, _)| *other == name).unwrap();
            let mut counts = counts.lock().unwrap();
            let nth = counts.entry(name.to_owned()).or_default();
            let (status, body) = answers[(*nth).min(answers.len() - 1)];
            *nth += 1;
            Reply::of(told::answer(status, body), End::Fin)
        });
        let told = world.ask(service, asked, self.stalls()).await;
        let expected = self.expected();
        if !expected.contains(&told.what.as_str()) {
            return Some(format!("{self}: {told:?}, not {expected:?}"));
        }
        let uploads = world.raw.count(TP_UPLOAD) + world.raw.count(MMT_UPLOAD);
        if uploads > self.shape.uploads {
            return Some(format!("{self}: {uploads} uploads"));
        }
        let stored: &[Option<&str>] = match (asked, cut) {
            (Asked::SignOut, _) => &[None],
            (Asked::SignIn, _) if told.what.starts_with("signed in") => &[Some("a2")],
            (Asked::SignIn, _) => &[None],
            // Used only if it is stored; and stored only if it came whole.
            (_, TP_TOKEN | MMT_TOKEN) if told.what == "created 5" => &[Some("a2")],
            (_, TP_UPLOAD) if told.what == "needs sign-in" => &[Some("a2")],
            _ => &[Some("a1")],
        };
        let sound = stored.contains(&told.stored.as_deref());
        (!sound).then(|| format!("{self}: {told:?}, not {stored:?}"))
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Case {
            shape,
            framing,
            at,
            end,
        } = self;
        let status = shape.status.lines().next().unwrap_or_default();
        write!(
            f,
            "{:?}, {} {status} ({framing:?}), {end:?} after {at} bytes",
            shape.asked, shape.cut
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_of_every_answer() {
    let cases = Arc::new(cases());
    assert!(cases.len() >= 10_000, "{} cases", cases.len());
    let next = Arc::new(AtomicUsize::new(0));
    // Clients take long to make: all of them first, so that none keeps the cases from running in time.
    let mut worlds = Vec::new();
    for _ in 0..AT_ONCE {
        worlds.push(World::start(SHORT, LONG).await);
    }
    let workers = worlds.into_iter().map(|world| {
        let (cases, next) = (Arc::clone(&cases), Arc::clone(&next));
        tokio::spawn(async move {
            let mut wrong = Vec::new();
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                wrong.extend(case.check(&world).await);
            }
            wrong
        })
    });
    let workers: Vec<_> = workers.collect();
    let mut wrong = Vec::new();
    for worker in workers {
        wrong.extend(worker.await.unwrap());
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
