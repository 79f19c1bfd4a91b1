//! Answers that break off at every byte, in each way that a connection can end: what is told is true, nothing is sent twice,
//! and the sign-in is either the old one or the new one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;
#[path = "common/raw.rs"]
mod raw;
#[path = "common/shapes.rs"]
mod shapes;
#[path = "common/told.rs"]
mod told;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use raw::{End, Reply};
use shapes::{
    MMT_REVOKE, MMT_TOKEN, MMT_UPLOAD, REFUSED_TOKEN, SHAPES, Shape, TP_REVOKE, TP_TOKEN, TP_UPLOAD,
};
use told::{Asked, Told, World};

/// A client that gives up so early is only asked where nothing comes any more.
const SHORT: Duration = Duration::from_millis(250);
/// A client that is asked the same again, where the computer may have been too slow for the first.
const LONGER: Duration = Duration::from_secs(5);
/// So many that are wrong, of those that one worker tries, are no accident.
const BY_ACCIDENT: usize = 5;
/// A client that never gives up within a test.
const LONG: Duration = Duration::from_secs(60);
/// Cases under way at once; most of them wait.
const AT_ONCE: usize = 96;

/// What a request ends with that shows a token of the answer that is cut.
const NEW_TOKENS: [&str; 3] = ["Bearer a2", "token=a2", "token=r2"];

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

/// Every byte of every answer, in each way.
fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for shape in &SHAPES {
        for framing in [Framing::Length, Framing::Chunked, Framing::Closed] {
            let length = wire(shape, framing).bytes.len();
            for at in 0..=length {
                for end in [End::Fin, End::Reset, End::Stall] {
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
        if let Some(wrong) = self.asked_or_stored_wrongly(world, &told) {
            return Some(format!("{self}: {told:?}, {wrong}"));
        }
        if asked == Asked::Upload && [TP_TOKEN, MMT_TOKEN].contains(&cut) {
            return self.check_again(world, &told).await;
        }
        None
    }

    /// What is wrong with what the server saw, or with what is kept.
    fn asked_or_stored_wrongly(&self, world: &World, told: &Told) -> Option<String> {
        let uploads = world.raw.count(TP_UPLOAD) + world.raw.count(MMT_UPLOAD);
        if uploads > self.shape.uploads {
            return Some(format!("{uploads} uploads"));
        }
        let stored = told.stored.as_deref();
        let is_new = |shown: &String| NEW_TOKENS.iter().any(|token| shown.ends_with(token));
        if stored != Some("a2")
            && let Some(early) = world.raw.shown().into_iter().find(is_new)
        {
            return Some(format!("{early:?} was shown, but is not stored"));
        }
        // However the first ended, the second is revoked as well.
        let revoked = world.raw.count(TP_REVOKE) + world.raw.count(MMT_REVOKE);
        if self.shape.asked == Asked::SignOut && revoked != 2 {
            return Some(format!("{revoked} tokens revoked"));
        }
        let expected = match (self.shape.asked, self.shape.cut) {
            (Asked::SignOut, _) => None,
            (Asked::SignIn, _) if told.what.starts_with("signed in") => Some("a2"),
            (Asked::SignIn, _) => None,
            // Used only if it is stored; and stored only if it came whole.
            (_, TP_TOKEN | MMT_TOKEN) if told.what == "created 5" => Some("a2"),
            (_, TP_UPLOAD) if told.what == "needs sign-in" => Some("a2"),
            _ => Some("a1"),
        };
        (stored != expected).then(|| format!("{expected:?} should be stored"))
    }

    /// The service has taken the refresh, however its answer ended, and knows only the new tokens from now on. What was stored
    /// goes on by itself; what was lost costs one sign-in, and is found out by one refresh. A refusal that came is not asked for
    /// again.
    async fn check_again(&self, world: &World, told: &Told) -> Option<String> {
        let (upload, expected) = match told.stored.as_deref() {
            Some("a2") => (
                ("200 OK", r#"{"id":5,"activity_id":5,"status":"ready"}"#),
                "created 5",
            ),
            _ => (("401 Unauthorized", REFUSED_TOKEN), "needs sign-in"),
        };
        world.raw.answer(move |name| {
            let (status, body) = match name {
                TP_TOKEN | MMT_TOKEN => ("400 Bad Request", r#"{"error":"invalid_grant"}"#),
                _ => upload,
            };
            Reply::of(told::answer(status, body), End::Fin)
        });
        let again = world
            .ask_again(self.shape.service, Asked::Upload, false)
            .await;
        let uploads = world.raw.count(TP_UPLOAD) + world.raw.count(MMT_UPLOAD);
        let refreshes = world.raw.count(TP_TOKEN) + world.raw.count(MMT_TOKEN);
        let sound = again.what == expected
            && again.stored == told.stored
            && uploads == 1
            && refreshes == usize::from(["transient", "blocked"].contains(&told.what.as_str()));
        let counted = format!("{uploads} uploads, {refreshes} refreshes");
        (!sound).then(|| format!("{self}, then {again:?} by {counted}, not {expected}"))
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
                let mut found = case.check(&world).await;
                if found.is_some() && case.stalls() && wrong.len() < BY_ACCIDENT {
                    // So short a patience may have ended before something that did come.
                    found = case.check(&World::start(LONGER, LONG).await).await;
                }
                wrong.extend(found);
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
