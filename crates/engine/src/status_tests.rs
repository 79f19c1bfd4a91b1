//! The status table: what each answer of a service, over a real socket, comes to for the upload, when it is looked at next, and
//! what it means for the account.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use jiff::Timestamp;
use library::AccountState;
use service::{Client, Secret, SecretStore as _, ServiceId, SessionStore, Settings, Upload};
use track::{Format, Sport};

use super::*;
use crate::step::account_after;

const M: ServiceId = ServiceId::MapMyTracks;
const T: ServiceId = ServiceId::TrekPoint;

/// Service, status, a header or none, body; then state, seconds until it is looked at, and what the account comes to.
type Row = (ServiceId, u16, &'static str, &'static str, &'static str);

const HTML: &str = "<html><title>Oops</title></html>";
const ID_7: &str = r#"{"activity_id":7}"#;
const AUTH: &str = r#"{"error":"invalid_token"}"#;
const RESERVED: &str = r#"{"error":"activity_not_ready"}"#;

const TABLE: &[Row] = &[
    // It worked.
    (M, 200, "", ID_7, "sent"),
    (M, 200, "", r#"{"activity_id":"7"}"#, "sent"),
    (
        M,
        200,
        "",
        r#"{"activity_id":7,"status":"already exists"}"#,
        "existing",
    ),
    (
        M,
        200,
        "",
        r#"{"activity_id":7,"status":"newly created"}"#,
        "sent",
    ),
    (T, 201, "", r#"{"id":7,"status":"ready"}"#, "sent"),
    (T, 200, "", r#"{"id":7,"status":"ready"}"#, "sent"),
    (
        T,
        201,
        "",
        r#"{"id":7,"status":"processing"}"#,
        "processing 2",
    ),
    (T, 202, "", r#"{"id":7}"#, "processing 2"),
    (T, 202, "Location: /api/v1/activities/7", "", "processing 2"),
    (T, 201, "", r#"{"id":7,"status":"failed"}"#, "refused"),
    // It worked, or did it? No number, no certainty.
    (M, 200, "", "", "unsure 5"),
    (M, 200, "", "{}", "unsure 5"),
    (M, 200, "", HTML, "unsure 5"),
    (M, 200, "", r#"{"activity_id":"#, "unsure 5"),
    (M, 201, "", ID_7, "unsure 5"),
    (M, 204, "", "", "unsure 5"),
    (T, 200, "", "", "unsure 0"),
    (T, 201, "", HTML, "unsure 0"),
    (T, 204, "", "", "unsure 0"),
    (T, 202, "", r#"{"status":"processing"}"#, "unsure 0"),
    // It is there already.
    (
        T,
        409,
        "",
        r#"{"error":"duplicate","detail":{"id":7}}"#,
        "existing",
    ),
    (T, 409, "", "", "existing"),
    (T, 422, "", r#"{"error":"already_exists"}"#, "existing"),
    (M, 409, "", "", "waiting 3600 paused 3600"),
    // The sign-in.
    (M, 401, "", "", "waiting 0 needs sign-in"),
    (T, 401, "", "", "waiting 0 needs sign-in"),
    (T, 401, "", AUTH, "waiting 0 needs sign-in"),
    (T, 403, "", AUTH, "waiting 0 needs sign-in"),
    (
        T,
        403,
        "",
        r#"{"error":"insufficient_scope"}"#,
        "waiting 0 needs sign-in",
    ),
    (T, 401, "", HTML, "waiting 0 needs sign-in"),
    // The file.
    (
        M,
        403,
        "",
        r#"{"error":"invalid_file","message":"No points"}"#,
        "refused",
    ),
    (M, 403, "", r#"{"error":"anything"}"#, "refused"),
    (M, 400, "", "", "refused"),
    (M, 413, "", HTML, "refused"),
    (M, 415, "", "", "refused"),
    (M, 422, "", r#"{"error":"invalid_activity"}"#, "refused"),
    (T, 400, "", r#"{"error":"invalid_file"}"#, "refused"),
    (T, 404, "", r#"{"error":"not_found"}"#, "refused"),
    (T, 413, "", "", "refused"),
    (
        T,
        422,
        "",
        r#"{"error":"no_points","message":"It has none"}"#,
        "refused",
    ),
    (T, 403, "", r#"{"error":"invalid_visibility"}"#, "refused"),
    (T, 400, "", RESERVED, "refused"),
    // The program.
    (M, 403, "", "", "waiting 3600 paused 3600"),
    (M, 403, "", HTML, "waiting 3600 paused 3600"),
    (M, 404, "", HTML, "waiting 3600 paused 3600"),
    (M, 405, "", "", "waiting 3600 paused 3600"),
    (T, 403, "", HTML, "waiting 3600 paused 3600"),
    (
        T,
        403,
        "",
        r#"{"error":"client_suspended"}"#,
        "waiting 3600 paused 3600",
    ),
    (T, 404, "", HTML, "waiting 3600 paused 3600"),
    (M, 301, "", "", "waiting 3600 paused 3600"),
    (M, 303, "", "", "waiting 3600 paused 3600"),
    (T, 307, "", "", "waiting 3600 paused 3600"),
    // What a page answers to a form that it has taken; the list tells.
    (
        T,
        302,
        "Location: https://elsewhere.example/",
        "",
        "unsure 0",
    ),
    (T, 303, "Location: /activities/7", "", "unsure 0"),
    // Too much.
    (M, 429, "Retry-After: 900", "", "waiting 900 paused 900"),
    (
        T,
        429,
        "Retry-After: 900",
        r#"{"error":"rate_limited"}"#,
        "waiting 900 paused 900",
    ),
    (
        T,
        429,
        "Retry-After: Fri, 20 Nov 2026 12:10:00 GMT",
        "",
        "waiting 600 paused 600",
    ),
    (
        T,
        429,
        "Retry-After: 999999999",
        "",
        "waiting 86400 paused 86400",
    ),
    // Nothing to wait for, or a time that is over: the shortest wait, so that nobody asks in a busy loop.
    (M, 429, "Retry-After: 0", "", "waiting 1 paused 1"),
    (T, 429, "Retry-After: 0", "", "waiting 1 paused 1"),
    (
        T,
        429,
        "Retry-After: Fri, 20 Nov 2026 11:50:00 GMT",
        "",
        "waiting 1 paused 1",
    ),
    (
        M,
        503,
        "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT",
        "",
        "waiting 1 paused 1",
    ),
    (T, 503, "Retry-After: 0", "", "unsure 1 paused 1"),
    // No time at all: as if nothing had been said.
    (M, 429, "Retry-After: -5", "", "waiting 30 paused 30"),
    (T, 429, "Retry-After: -5", "", "waiting 30 paused 30"),
    (T, 503, "Retry-After: -5", "", "unsure 30 paused 30"),
    (T, 429, "Retry-After: soon", "", "waiting 30 paused 30"),
    (
        M,
        429,
        "Retry-After: 12 parsecs",
        "",
        "waiting 30 paused 30",
    ),
    (T, 429, "Retry-After:", "", "waiting 30 paused 30"),
    (T, 503, "Retry-After: \u{fc}", "", "unsure 30 paused 30"),
    // That is no HTTP any more: anything may have become of it.
    (T, 503, "Retry-After: \u{0}", "", "unsure 0"),
    (M, 429, "", "", "waiting 30 paused 30"),
    (M, 503, "Retry-After: 120", HTML, "waiting 120 paused 120"),
    (M, 503, "", HTML, "waiting 30 paused 30"),
    // A server that fell over while it worked on the file says the same, and a list tells.
    (T, 503, "Retry-After: 120", "", "unsure 120 paused 120"),
    (T, 503, "", HTML, "unsure 30 paused 30"),
    // It did not wait for the whole file.
    (M, 408, "", "", "waiting 30 paused 30"),
    (T, 425, "", "", "waiting 30 paused 30"),
    // Something broke after the file had arrived, or before.
    (M, 500, "", "", "unsure 5"),
    (M, 502, "", HTML, "unsure 5"),
    (M, 504, "Retry-After: 900", "", "unsure 900 paused 900"),
    (T, 502, "Retry-After: 900", "", "unsure 900 paused 900"),
    (T, 500, "", r#"{"error":"server_error"}"#, "unsure 0"),
    (T, 502, "", HTML, "unsure 0"),
    (T, 504, "", "", "unsure 0"),
    (T, 599, "", "", "unsure 0"),
];

/// Reads one request whole.
fn read_request(stream: &mut TcpStream) {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut chunk).unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        let start = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        if bytes.len() >= start + length {
            return;
        }
    }
}

/// A server that gives one answer, however often it is asked.
fn answering(status: u16, header: &'static str, body: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            read_request(&mut stream);
            let (header, length) = (header.trim(), body.len());
            let line_end = if header.is_empty() { "" } else { "\r\n" };
            let content = match status {
                204 => String::new(),
                _ => format!("Content-Length: {length}\r\n"),
            };
            let answer = format!(
                "HTTP/1.1 {status} x\r\n{header}{line_end}{content}Connection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    port
}

fn client(id: ServiceId, port: u16, folder: &std::path::Path) -> Client {
    let base = match id {
        M => "base",
        T => "oauth_base",
    };
    let table = format!("client_id = \"the id\"\n{base} = \"http://127.0.0.1:{port}\"");
    let settings = Settings::from_table(id, Some(&table.parse().unwrap())).unwrap();
    let store = SessionStore::new();
    let token = r#"{"access_token":"t","refresh_token":null,"expires_at":null,"scopes":[]}"#;
    for (key, secret) in [("account", token), ("client-secret", "s")] {
        let key = format!("{key}:{}", id.name());
        store.set(&key, &Secret::new(secret)).unwrap();
    }
    Client::new(
        id,
        settings,
        Arc::new(store),
        folder.to_owned(),
        "Trackdock/0.0 (+test)",
    )
}

/// What a row comes to, in the words of the table.
fn outcome_of(&(id, status, header, body, _): &Row) -> String {
    let folder = tempfile::tempdir().unwrap();
    let client = client(id, answering(status, header, body), folder.path());
    let upload = Upload {
        file_name: "a.fit".into(),
        format: Format::Fit,
        bytes: vec![7; 1000].into(),
        name: None,
        sport: Sport::Cycling,
        visibility: None,
    };
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let clock = move || now;
    let outcome = runtime.block_on(client.upload(upload, &|_, _| {}, &clock));
    let circumstances = Circumstances {
        service: id.display(),
        recognises_duplicates: client.recognises_duplicates(),
        can_list: client.can_list(),
        ..circumstances()
    };
    let step = verdict(State::Sending, Happened::Answered(outcome), &circumstances).unwrap();
    check_sentences(&step);
    let wait = step.due_in.map(|wait| format!(" {}", wait.as_secs()));
    let account = match account_after(&step, &AccountState::Connected, now) {
        None => String::new(),
        Some(AccountState::NeedsSignIn(_)) => " needs sign-in".to_owned(),
        Some(AccountState::Paused { until, .. }) => {
            let pause = until.unwrap().duration_since(now);
            format!(" paused {}", pause.as_secs())
        }
        Some(other) => format!(" {other:?}"),
    };
    format!("{}{}{account}", step.state.name(), wait.unwrap_or_default())
}

#[test]
fn every_answer_has_its_state_and_its_time() {
    assert!(TABLE.len() >= 80);
    let wrong: Vec<String> = TABLE
        .iter()
        .map(|row| (row, outcome_of(row)))
        .filter(|(row, came_to)| row.4 != came_to)
        .map(|(row, came_to)| format!("{row:?}: {came_to}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
