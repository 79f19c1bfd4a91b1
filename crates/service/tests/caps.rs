//! Answers that are sound but for their length: as long as may be, they count; one byte longer, they are no answer. So does
//! what is packed, by its length unpacked.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;
#[path = "common/raw.rs"]
mod raw;
#[path = "common/told.rs"]
mod told;

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use raw::{End, Reply};
use service::ServiceId::{self, MapMyTracks, TrekPoint};
use told::{Asked, World};

/// A client that never gives up within a test.
const LONG: Duration = Duration::from_secs(600);
/// The longest answer that counts, and the longest list.
const ANSWER: usize = 1 << 20;
const LIST: usize = 8 << 20;

const MMT_UPLOAD: &str = "POST /api3/uploadActivity";
const MMT_TOKEN: &str = "POST /api3/oauth/token";
const TP_UPLOAD: &str = "POST /api/v1/activities";
const TP_LIST: &str = "GET /api/v1/activities";
const TP_DETAIL: &str = "GET /api/v1/activities/5";
const TP_TOKEN: &str = "POST /oauth/token";
const TP_PROFILE: &str = "GET /oauth/profile";

const TOKENS: &str =
    r#"{"access_token":"a2","token_type":"Bearer","expires_in":3600,"refresh_token":"r2"}"#;

/// One request whose answer is lengthened.
struct Long {
    service: ServiceId,
    asked: Asked,
    request: &'static str,
    body: &'static str,
    cap: usize,
    /// What is told of it while it may be so long, and when it is longer.
    sound: &'static str,
    too_long: &'static str,
    /// The access token that is stored then.
    stored: [Option<&'static str>; 2],
}

const UPLOAD: Long = Long {
    service: TrekPoint,
    asked: Asked::Upload,
    request: TP_UPLOAD,
    body: r#"{"id":5,"status":"ready"}"#,
    cap: ANSWER,
    sound: "created 5",
    too_long: "unknown",
    stored: [Some("a1"); 2],
};

const LONGS: [Long; 8] = [
    UPLOAD,
    Long {
        service: MapMyTracks,
        request: MMT_UPLOAD,
        body: r#"{"function":"uploadActivity","activity_id":5}"#,
        ..UPLOAD
    },
    Long {
        asked: Asked::Poll,
        request: TP_DETAIL,
        too_long: "transient",
        ..UPLOAD
    },
    Long {
        asked: Asked::List,
        request: TP_LIST,
        body: r#"{"activities":[{"id":4},{"id":5}]}"#,
        cap: LIST,
        sound: "list of 2",
        too_long: "no list",
        ..UPLOAD
    },
    Long {
        request: TP_TOKEN,
        body: TOKENS,
        too_long: "transient",
        stored: [Some("a2"), Some("a1")],
        ..UPLOAD
    },
    Long {
        service: MapMyTracks,
        request: MMT_TOKEN,
        body: TOKENS,
        too_long: "transient",
        stored: [Some("a2"), Some("a1")],
        ..UPLOAD
    },
    Long {
        asked: Asked::SignIn,
        request: TP_TOKEN,
        body: TOKENS,
        sound: "signed in, 42",
        too_long: "unreachable",
        stored: [Some("a2"), None],
        ..UPLOAD
    },
    Long {
        asked: Asked::SignIn,
        request: TP_PROFILE,
        body: r#"{"id":42}"#,
        sound: "signed in, 42",
        too_long: "signed in",
        stored: [Some("a2"); 2],
        ..UPLOAD
    },
];

/// How the answer is sent.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Plain,
    /// Its length is not told before.
    Unmeasured,
    Packed,
}

/// The answer with blanks behind it, as many bytes long as that, which a reader of JSON passes over.
fn lengthened(body: &str, length: usize, sent: Sent) -> Reply {
    let mut body = body.as_bytes().to_vec();
    body.resize(length, b' ');
    let how = match sent {
        Sent::Plain => format!("Content-Length: {length}\r\n"),
        Sent::Unmeasured => "Connection: close\r\n".to_owned(),
        Sent::Packed => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&body).unwrap();
            body = encoder.finish().unwrap();
            format!(
                "Content-Encoding: gzip\r\nContent-Length: {}\r\n",
                body.len()
            )
        }
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{how}\r\n");
    Reply::of([head.into_bytes(), body].concat(), End::Fin)
}

/// What else is asked on the way. Where it is the refresh that is lengthened, the first upload is refused for its token.
fn other(request: &str, nth_upload: usize) -> String {
    match request {
        TP_TOKEN | MMT_TOKEN => told::answer("200 OK", TOKENS),
        TP_PROFILE => told::answer("200 OK", r#"{"id":42}"#),
        TP_UPLOAD | MMT_UPLOAD if nth_upload == 0 => {
            told::answer("401 Unauthorized", r#"{"error":"invalid_token"}"#)
        }
        TP_UPLOAD => told::answer("200 OK", UPLOAD.body),
        MMT_UPLOAD => told::answer("200 OK", r#"{"activity_id":5}"#),
        other => panic!("nobody expected {other}"),
    }
}

async fn check(world: &World, long: &Long, length: usize, sent: Sent) {
    let Long {
        service,
        asked,
        request,
        body,
        cap,
        sound,
        too_long,
        stored: [stored, unstored],
    } = *long;
    let reply = lengthened(body, length, sent);
    let uploads = std::sync::atomic::AtomicUsize::new(0);
    world.raw.answer(move |name| {
        if name == request {
            return reply.clone();
        }
        let is_upload = [TP_UPLOAD, MMT_UPLOAD].contains(&name);
        let nth = uploads.fetch_add(is_upload.into(), std::sync::atomic::Ordering::SeqCst);
        Reply::of(other(name, nth), End::Fin)
    });
    let (what, stored) = if length <= cap {
        (sound, stored)
    } else {
        (too_long, unstored)
    };
    let told = world.ask(service, asked, false).await;
    let case = format!("{asked:?}, {request}, {length} bytes, {sent:?}: {told:?}");
    assert_eq!(told.what, what, "{case}");
    assert_eq!(world.raw.count(request), 1, "{case}");
    assert_eq!(told.stored.as_deref(), stored, "{case}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_answer_counts_up_to_its_longest() {
    let world = World::start(LONG, LONG).await;
    for long in &LONGS {
        for sent in [Sent::Plain, Sent::Unmeasured, Sent::Packed] {
            for length in [long.cap - 1, long.cap, long.cap + 1, 3 * long.cap] {
                check(&world, long, length, sent).await;
            }
        }
    }
}

/// 64 MiB in 64 KiB, with a sound answer at the beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gzip_bomb_does_not_go_off() {
    let world = World::start(LONG, LONG).await;
    for long in &LONGS {
        check(&world, long, 64 << 20, Sent::Packed).await;
    }
}

/// The least that must come within the limit without movement.
const STEP: usize = 16 << 10;
/// So many times as long as that a page may take in all.
const PAGE: u32 = 5;

/// A list that comes a step at a time.
fn slow_list(steps: usize, pause: Duration) -> Reply {
    let reply = lengthened(r#"{"activities":[]}"#, steps * STEP, Sent::Plain);
    let pieces = reply.pieces.concat();
    Reply {
        pieces: pieces.chunks(STEP).map(<[u8]>::to_vec).collect(),
        pause,
        ..reply
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_may_take_long_as_long_as_it_moves() {
    let stall = Duration::from_secs(2);
    let world = World::start(stall, LONG).await;
    world
        .raw
        .answer(move |_| slow_list(5, Duration::from_millis(600)));
    let begun = std::time::Instant::now();
    let told = world.ask(TrekPoint, Asked::List, true).await;
    assert_eq!(told.what, "list of 0", "{told:?}");
    assert!(begun.elapsed() > stall, "it was not slow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_moves_without_end_is_given_up() {
    let stall = Duration::from_secs(1);
    let world = World::start(stall, LONG).await;
    // In its whole length it would take three times as long as it may.
    let pause = Duration::from_millis(50);
    world
        .raw
        .answer(move |_| slow_list((3 * PAGE * 20) as usize, pause));
    let told = world.ask(TrekPoint, Asked::List, true).await;
    assert_eq!(told.what, "no list", "{told:?}");
    assert_eq!(told.words, "its answer takes far too long");
}
