//! What comes back that is no answer: garbage, bombs, drips, other people's pages, answers too early, too late, and twice.
//! No upload is taken for done by mistake, no list for empty, and no sign-in is lost.
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
use service::ServiceId::TrekPoint;
use told::{Asked, World};

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(60);
/// No answer takes longer than the client's patience, twice over.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked, and whether it is the refresh on the way there that is answered so.
const QUESTIONS: [(Asked, bool); 6] = [
    (Asked::Upload, false),
    (Asked::List, false),
    (Asked::SignIn, false),
    (Asked::Poll, false),
    (Asked::Upload, true),
    (Asked::SignOut, false),
];

/// What each question tells of the same answer.
type ToldOf = [&'static str; QUESTIONS.len()];

/// An answer, and what it comes to.
struct Case {
    what: String,
    reply: Reply,
    told: ToldOf,
}

/// No answer came, as far as can be told: the upload may have been taken, unless it waited for the refresh.
const LOST: ToldOf = [
    "unknown",
    "transient",
    "unreachable",
    "transient",
    "transient",
    "signed out here",
];
/// An answer came, and is longer than any may be: of a list that is told apart.
const TOO_LONG: ToldOf = [
    "unknown",
    "no list",
    "unreachable",
    "transient",
    "transient",
    "signed out here",
];
/// Other people's page.
const PAGE: &str = "<!DOCTYPE html><html><title>Free Wi-Fi</title><h1>Accept the terms</h1></html>";

fn case(what: impl Into<String>, bytes: impl Into<Vec<u8>>, told: ToldOf) -> Case {
    Case {
        what: what.into(),
        reply: Reply::of(bytes, End::Fin),
        told,
    }
}

fn ok(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let mut all =
        format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n").into_bytes();
    all.extend_from_slice(body);
    all
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An answer that would be sound for an upload, a list and a sign-in, were it not so long.
fn blanks_behind(length: usize) -> Vec<u8> {
    let mut all =
        br#"{"id":5,"status":"ready","activities":[],"access_token":"a2","token_type":"Bearer"}"#
            .to_vec();
    all.resize(length, b' ');
    all
}

/// Heads that no server should send.
fn heads() -> Vec<Case> {
    let repeated = |line: &str, count: usize| ok(&line.repeat(count), "{}");
    let long = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    let mut all = vec![
        case("nothing", "", LOST),
        case("garbage", vec![0xA5; 500], LOST),
        case("a mail server", "220 mail.example ESMTP\r\n", LOST),
        case("a page without a head", PAGE, LOST),
        case("TLS", b"\x15\x03\x01\x00\x02\x02\x28".as_slice(), LOST),
        case(
            "HTTP/2 without asking",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            LOST,
        ),
        case("HTTP/9.9", "HTTP/9.9 200 OK\r\n\r\n{\"id\":5}", LOST),
        case(
            "a number with four digits",
            "HTTP/1.1 2000 OK\r\n\r\n{}",
            LOST,
        ),
        case(
            "the number 000",
            "HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n",
            LOST,
        ),
        case("a header of 1 MiB", ok(&long, "{\"id\":5}"), LOST),
        case("10,000 headers", repeated("X-A: b\r\n", 10_000), LOST),
        case("a header without a name", ok(": x\r\n", "{\"id\":5}"), LOST),
        case(
            "a header with a zero byte",
            ok("X: a\0b\r\n", "{\"id\":5}"),
            LOST,
        ),
    ];
    all.extend(lengths());
    // A hundred hints and then nothing.
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(100);
    all.push(case("hints only", hints, LOST));
    all
}

/// Heads that say something impossible about the body.
fn lengths() -> Vec<Case> {
    vec![
        case(
            "two lengths",
            ok("Content-Length: 3\r\n", "{\"id\":5}"),
            LOST,
        ),
        case(
            "a length below zero",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
            LOST,
        ),
        case(
            "a length beyond all numbers",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
            LOST,
        ),
        case(
            "more promised than sent",
            "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"id\":5}",
            LOST,
        ),
        case(
            "chunks of nonsense",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{\"id\":5}",
            LOST,
        ),
        case(
            "a chunk beyond all numbers",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{\"id\":5}",
            LOST,
        ),
    ]
}

/// Bodies that are no document of ours.
fn bodies() -> Vec<Case> {
    // 2xx without an id: it may have been taken. A list is never empty by mistake. Of a revocation's answer the number counts.
    let mut unclear = LOST;
    unclear[5] = "signed out";
    let json = |what: &str, body: &[u8]| {
        case(
            what,
            ok("Content-Type: application/json\r\n", body),
            unclear,
        )
    };
    // The documented detail of an upload says neither what it is called nor how far it is: any object is one. As a list it says
    // that the service answers, but nothing of what it has.
    let object = |what: &str, body: &[u8]| {
        let mut case = json(what, body);
        case.told[1] = "no list";
        case.told[3] = "created 5";
        case
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let inside = format!("{{\"id\":{deep},\"activities\":{deep},\"access_token\":{deep}}}");
    let many: Vec<_> = (0..50_000).map(|n| format!("\"k{n}\":0")).collect();
    let too_long = ok("", blanks_behind(9 << 20));
    vec![
        case("a page", ok("Content-Type: text/html\r\n", PAGE), unclear),
        json("a page that says it is JSON", PAGE.as_bytes()),
        json("nothing", b""),
        json("null", b"null"),
        json("a list", b"[]"),
        json("a text", b"\"5\""),
        object("an object of nothing", b"{}"),
        json("half an object", b"{\"id\":5"),
        json("two objects", b"{\"id\":5}{\"id\":6}"),
        json(
            "an object and a page",
            format!("{{\"id\":5}}{PAGE}").as_bytes(),
        ),
        object(
            "other kinds of values",
            b"{\"id\":[5],\"activities\":{\"a\":1},\"access_token\":7}",
        ),
        object(
            "nulls",
            b"{\"id\":null,\"activities\":null,\"access_token\":null}",
        ),
        object(
            "empty texts",
            b"{\"id\":\"\",\"activities\":\"\",\"access_token\":\"\"}",
        ),
        object("zero", b"{\"id\":0}"),
        object("an id of two lines", b"{\"id\":\"5\\nX: y\"}"),
        json("bytes that are no UTF-8", b"{\"id\":\"\xff\xfe\"}"),
        json("UTF-16", b"\xff\xfe{\0}\0"),
        json("zero bytes", &[0; 4096]),
        json("100,000 deep", inside.as_bytes()),
        object("50,000 keys", format!("{{{}}}", many.join(",")).as_bytes()),
        case("a sound answer and 9 MiB of blanks", too_long, TOO_LONG),
    ]
}

/// Bodies that are not what they are packed as, or far more.
fn packed() -> Vec<Case> {
    // Where the number comes through: all that counts of a revocation's answer.
    let mut unclear = LOST;
    unclear[5] = "signed out";
    let bomb = gzip(&blanks_behind(64 << 20));
    let bomb_of_bombs = gzip(&bomb);
    vec![
        case(
            "a bomb of 64 MiB",
            ok("Content-Encoding: gzip\r\n", bomb),
            TOO_LONG,
        ),
        case(
            "a bomb in a bomb",
            ok("Content-Encoding: gzip\r\n", bomb_of_bombs),
            unclear,
        ),
        case(
            "no gzip that says it is",
            ok("Content-Encoding: gzip\r\n", "{\"id\":5}"),
            LOST,
        ),
        case(
            "half a gzip",
            ok("Content-Encoding: gzip\r\n", &gzip(b"{\"id\":5}")[..12]),
            LOST,
        ),
        case(
            "no body at all, 204",
            "HTTP/1.1 204 No Content\r\n\r\n",
            unclear,
        ),
    ]
}

/// Answers that say less, or something else, than they seem to.
fn others() -> Vec<Case> {
    let blocked = [
        "blocked",
        "blocked",
        "sign_in_refused",
        "blocked",
        "blocked",
        "signed out here",
    ];
    let status = |number: &str, headers: &str| {
        case(
            number,
            format!(
                "HTTP/1.1 {number}\r\n{headers}Content-Length: {}\r\n\r\n{PAGE}",
                PAGE.len()
            ),
            blocked,
        )
    };
    let away = "Location: http://127.0.0.1:1/api/v1/activities/5\r\n";
    let mut all: Vec<Case> = ["301 x", "302 x", "303 x", "307 x", "308 x"]
        .iter()
        .map(|number| status(number, away))
        .collect();
    all.push(status("511 Network Authentication Required", ""));
    all.push(status("999 x", ""));
    all.push(status("404 Not Found", ""));
    all.push(status("407 Proxy Authentication Required", ""));
    all.last_mut().unwrap().told = blocked;
    // What a page says to a form that it has taken.
    for redirect in &mut all[..3] {
        redirect.told[0] = "unknown";
    }
    all[5].told = LOST; // the network's own sign-in page
    all
}

/// Answers at the wrong time.
fn late() -> Vec<Case> {
    let good = || b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"id\":5}".to_vec();
    let slow = |what: &str, pieces: Vec<Vec<u8>>, pause_ms| Case {
        what: what.into(),
        reply: Reply {
            pieces,
            pause: Duration::from_millis(pause_ms),
            end: End::Stall,
            listens: true,
        },
        told: LOST,
    };
    let drip: Vec<Vec<u8>> = good().into_iter().map(|byte| vec![byte]).collect();
    let endless: Vec<Vec<u8>> = std::iter::once(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())
        .chain(std::iter::repeat_n(vec![b' '], 2_000))
        .collect();
    vec![
        slow("after its time", vec![Vec::new(), good()], 900),
        slow("a byte at a time, for too long", drip, 40),
        slow("blanks without end", endless, 5),
    ]
}

/// What is wrong with what is told of an answer.
async fn wrongly_told(
    world: &World,
    case: &Case,
    (asked, by_refresh): (Asked, bool),
    expected: &str,
    soon: bool,
) -> Option<String> {
    let reply = case.reply.clone();
    let over = told::answer("401 Unauthorized", r#"{"error":"invalid_token"}"#);
    world.raw.answer(move |request| {
        if by_refresh && request == "POST /api/v1/activities" {
            Reply::of(over.clone(), End::Fin)
        } else {
            reply.clone()
        }
    });
    let asking = world.ask(TrekPoint, asked, soon);
    let told = tokio::time::timeout(PATIENCE, asking).await;
    let told = told.expect(&case.what);
    let requests = world.raw.count("POST /api/v1/activities");
    let refreshes = world.raw.count("POST /oauth/token");
    let stored = match asked {
        Asked::SignIn | Asked::SignOut => None,
        _ => Some("a1"),
    };
    let sound = told.what == expected
        && requests == usize::from(asked == Asked::Upload)
        && refreshes == usize::from(asked == Asked::SignIn || by_refresh)
        && told.stored.as_deref() == stored
        && told.words.chars().count() < 200
        && !told.words.contains(['<', '\n', '\0']);
    (!sound).then(|| {
        let what = &case.what;
        format!("{what}, {asked:?}, {by_refresh}: {told:?}, not {expected}, {requests} uploads, {refreshes} at the token's")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_answer_is_taken_for_none() {
    let world = World::start(SHORT, LONG).await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for (cases, soon) in [
        (heads(), false),
        (bodies(), false),
        (packed(), false),
        (others(), false),
        (late(), true),
    ] {
        for case in cases {
            for (question, expected) in QUESTIONS.into_iter().zip(case.told) {
                count += 1;
                wrong.extend(wrongly_told(&world, &case, question, expected, soon).await);
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What comes after a whole answer is nobody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_once() {
    let world = World::start(SHORT, LONG).await;
    let first = told::answer("200 OK", r#"{"id":5,"status":"ready"}"#);
    let second = told::answer("422 Unprocessable Content", r#"{"error":"invalid_file"}"#);
    for (what, bytes, expected) in [
        ("twice", format!("{first}{first}"), "created 5"),
        ("and another", format!("{first}{second}"), "created 5"),
        ("another first", format!("{second}{first}"), "refused"),
        (
            "after a hint",
            format!("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{first}"),
            "created 5",
        ),
        (
            "after a word to go on",
            format!("HTTP/1.1 100 Continue\r\n\r\n{first}"),
            "created 5",
        ),
    ] {
        world
            .raw
            .answer(move |_| Reply::of(bytes.clone(), End::Fin));
        let told = world.ask(TrekPoint, Asked::Upload, false).await;
        assert_eq!(told.what, expected, "{what}: {told:?}");
        assert_eq!(world.raw.count("POST /api/v1/activities"), 1, "{what}");
    }
}

/// A server that answers without reading: what it says counts where it comes through, and nothing is ever sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_file_has_gone() {
    let world = World::start(SHORT, LONG).await;
    for end in [End::Fin, End::Reset] {
        for (status, whole) in [
            ("413 Content Too Large", "refused"),
            ("200 OK", "created 5"),
        ] {
            let mut reply = Reply::of(told::answer(status, r#"{"id":5,"status":"ready"}"#), end);
            reply.listens = false;
            for _ in 0..20 {
                let reply = reply.clone();
                world.raw.answer(move |_| reply.clone());
                let told = world.ask(TrekPoint, Asked::Upload, false).await;
                assert!(
                    [whole, "unknown"].contains(&told.what.as_str()),
                    "{status}, {end:?}: {told:?}"
                );
                assert_eq!(world.raw.count("POST /api/v1/activities"), 1);
            }
        }
    }
}
