//! Uploads over a real socket: what goes out byte for byte, and what each kind of broken network comes to.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::http::header;
use axum::response::IntoResponse as _;
use common::{Fake, client, json, now, run, settings, signed_in, silent};
use service::{Accept, Client, Outcome, ServiceId, SessionStore};
use track::Format;

const MMT: ServiceId = ServiceId::MapMyTracks;
const TP: ServiceId = ServiceId::TrekPoint;

fn ready(id: ServiceId, port: u16, extra: &str) -> (Client, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SessionStore::new());
    signed_in(store.as_ref(), id, "acc3ss", None, None);
    (
        client(settings(id, port, extra), store, folder.path()),
        folder,
    )
}

fn split(body: &[u8], head: &str) -> (String, Vec<u8>) {
    let boundary = head.split_once("boundary=").unwrap().1;
    let start = body
        .windows(12)
        .position(|bytes| bytes == b"octet-stream")
        .or_else(|| {
            body.windows(7)
                .position(|bytes| bytes == b"gpx+xml")
                .map(|at| at - 5)
        })
        .unwrap()
        + 16;
    let tail = format!("\r\n--{boundary}--\r\n");
    assert!(body.ends_with(tail.as_bytes()));
    (
        String::from_utf8(body[..start].to_vec()).unwrap(),
        body[start..body.len() - tail.len()].to_vec(),
    )
}

#[tokio::test]
async fn map_my_tracks_gets_the_file_byte_for_byte() {
    let fake = Fake::start(|_| {
        json(
            200,
            r#"{"function":"uploadActivity","activity_id":1234567}"#,
        )
    })
    .await;
    let (client, _folder) = ready(MMT, fake.port, "");
    let bytes: Vec<u8> = (0..300_001u32).map(|n| (n * 7 + n / 256) as u8).collect();
    let told = Mutex::new(Vec::new());
    let outcome = client
        .upload(
            run(bytes.clone(), Format::Fit),
            &|sent, of| told.lock().unwrap().push((sent, of)),
            &now,
        )
        .await;
    assert_eq!(
        outcome,
        Outcome::Created {
            id: "1234567".into(),
            link: None
        }
    );
    let seen = fake.seen("/api3/uploadActivity");
    assert_eq!(seen.len(), 1);
    let one = &seen[0];
    assert_eq!(
        (
            one.method.as_str(),
            one.header("authorization"),
            one.header("user-agent")
        ),
        ("POST", "Bearer acc3ss", "Trackdock/0.0 (+test)")
    );
    assert_eq!(one.header("content-length"), one.body.len().to_string());
    assert_eq!(one.header("transfer-encoding"), "");
    let (head, file) = split(&one.body, one.header("content-type"));
    assert_eq!(file, bytes);
    for part in [
        "name=\"status\"\r\n\r\nprivate\r\n",
        "name=\"activity_type\"\r\n\r\nrunning\r\n",
        "name=\"activity_name\"\r\n\r\nSonntag früh 2026-03-29 08:30\r\n",
        "name=\"file\"; filename=\"2026-03-29-L-ufe.fit\"\r\n",
    ] {
        assert!(head.contains(part), "{part} is not in {head}");
    }
    let told = told.into_inner().unwrap();
    assert_eq!(
        told.last(),
        Some(&(one.body.len() as u64, one.body.len() as u64))
    );
    assert!(told.is_sorted() && told.len() > 2, "{told:?}");
}

#[tokio::test]
async fn trek_point_gets_gpx_and_names_of_the_users_choice() {
    let fake = Fake::start(|_| json(201, r#"{"id":"77","status":"processing"}"#)).await;
    let (client, _folder) = ready(TP, fake.port, "[upload]\nfields = { name = \"title\" }");
    assert_eq!(client.accepts(Format::Tcx), Accept::ConvertTo(Format::Gpx));
    assert_eq!(client.accepts(Format::Fit), Accept::AsIs);
    let outcome = client
        .upload(run("<gpx/>", Format::Gpx), &silent, &now)
        .await;
    assert_eq!(outcome, Outcome::Processing { id: "77".into() });
    let one = &fake.seen("/api/v1/activities")[0];
    let (head, file) = split(&one.body, one.header("content-type"));
    assert_eq!(file, b"<gpx/>");
    assert!(
        head.contains("name=\"title\"")
            && head.contains("application/gpx+xml")
            && !head.contains("status"),
        "{head}"
    );
    assert!(matches!(
        client.upload(run("x", Format::Tcx), &silent, &now).await,
        Outcome::Refused(_)
    ));
    assert_eq!(fake.seen("/api/v1/activities").len(), 1);
}

#[tokio::test]
async fn other_shapes_by_configuration() {
    let fake = Fake::start(|_| json(201, r#"{"id":1,"status":"ready"}"#)).await;
    let (client, _folder) = ready(TP, fake.port, "upload.kind = \"json_base64\"");
    client.upload(run("FIT?", Format::Fit), &silent, &now).await;
    let (client, _folder) = ready(
        TP,
        fake.port,
        "upload.kind = \"raw\"\nupload.method = \"PUT\"",
    );
    client.upload(run("FIT!", Format::Fit), &silent, &now).await;
    let seen = fake.seen("/api/v1/activities");
    let body: serde_json::Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(
        (&body["data"], &body["filename"], &body["activity_type"]),
        (
            &"RklUPw==".into(),
            &"2026-03-29-L-ufe.fit".into(),
            &"running".into()
        )
    );
    assert_eq!(
        (
            seen[1].method.as_str(),
            &seen[1].body[..],
            seen[1].header("content-length")
        ),
        ("PUT", &b"FIT!"[..], "4")
    );
    assert!(
        seen[1].query.contains("activity_type=running"),
        "{}",
        seen[1].query
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Fake::start(|_| json(200, r#"{"activity_id":1}"#)).await;
    let target = format!("http://127.0.0.1:{}/steal", other.port);
    let fake = Fake::start(move |_| {
        (
            axum::http::StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, target.clone())],
        )
            .into_response()
    })
    .await;
    let (client, _folder) = ready(MMT, fake.port, "");
    assert!(matches!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::Blocked(_)
    ));
    assert!(other.seen("/steal").is_empty());
}

#[track_caller]
fn unknown(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
}

/// A server that reads `read` bytes of one request, answers `answer`, and hangs up (or stays silent).
fn rough(read: usize, answer: &'static [u8], stay: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = vec![0; read];
        stream.read_exact(&mut buffer).unwrap();
        stream.write_all(answer).unwrap();
        if stay {
            std::thread::sleep(std::time::Duration::from_secs(10));
        }
    });
    port
}

#[tokio::test]
async fn a_cut_after_the_body_began_is_unknown() {
    let big = vec![b'x'; 2 << 20];
    for (read, answer) in [
        (700_000, &b""[..]),
        (700, b""),
        (
            2 << 20,
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"activity_id\":5",
        ),
        (2 << 20, b"HTTP/1.1 200 OK\r\n"),
        (2 << 20, b"garbage\r\n\r\n"),
    ] {
        let (client, _folder) = ready(MMT, rough(read, answer, false), "");
        unknown(
            &client
                .upload(run(big.clone(), Format::Fit), &silent, &now)
                .await,
        );
    }
}

#[tokio::test]
async fn silence_ends_at_the_limit() {
    let (client, _folder) = ready(MMT, rough(500, b"", true), "");
    unknown(&client.upload(run("x", Format::Fit), &silent, &now).await);
    let (client, _folder) = ready(
        MMT,
        rough(500, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", true),
        "",
    );
    unknown(&client.upload(run("x", Format::Fit), &silent, &now).await);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (client, _folder) = ready(MMT, port, "");
    match client.upload(run("x", Format::Fit), &silent, &now).await {
        Outcome::Transient { what, after: None } => assert_eq!(what, "the connection was refused"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn too_large_is_not_sent() {
    let (client, _folder) = ready(MMT, 9, "max_file_mb = 1");
    assert!(matches!(
        client
            .upload(run(vec![0; (1 << 20) + 1], Format::Fit), &silent, &now)
            .await,
        Outcome::Refused(_)
    ));
    assert!(matches!(
        client.upload(run("", Format::Fit), &silent, &now).await,
        Outcome::Refused(_)
    ));
}

#[tokio::test]
async fn a_token_that_comes_back_is_not_shown() {
    let fake = Fake::start(|seen| {
        json(
            403,
            format!(
                r#"{{"error":"E","message":"bad header {}"}}"#,
                seen.header("authorization")
            ),
        )
    })
    .await;
    let (client, _folder) = ready(MMT, fake.port, "");
    assert_eq!(
        client.upload(run("x", Format::Fit), &silent, &now).await,
        Outcome::Refused("bad header Bearer … (E)".into())
    );
}

#[tokio::test]
async fn polling_falls_back_to_the_list() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/api/v1/activities/1" => json(409, r#"{"error":"activity_not_ready"}"#),
        "/api/v1/activities/2" => json(404, r#"{"error":"activity_not_ready"}"#),
        "/api/v1/activities/3" => json(200, r#"{"name":"x","route_line":null}"#),
        "/api/v1/activities" if seen.query.is_empty() => json(
            200,
            r#"{"activities":[{"id":4,"status":"ready"}],"next":"/api/v1/activities?page=2"}"#,
        ),
        "/api/v1/activities" => json(
            200,
            r#"{"activities":[{"id":"5","status":"failed"},{"id":6,"status":"odd"}]}"#,
        ),
        "/oauth/profile" => json(200, r#"{"id":42,"email":"a@b.c","username":"trailrunner"}"#),
        _ => json(404, r#"{"error":"not_found"}"#),
    })
    .await;
    let (client, _folder) = ready(TP, fake.port, "");
    let there = |id: &str| Outcome::Created {
        id: id.into(),
        link: None,
    };
    let waits = |id: &str| Outcome::Processing { id: id.into() };
    for (id, expected) in [
        ("1", waits("1")),
        ("2", waits("2")),
        ("3", there("3")),
        ("4", there("4")),
        ("6", waits("6")),
    ] {
        assert_eq!(client.poll(id, false, &now).await, expected);
    }
    let failed = client.poll("5", false, &now).await;
    assert!(matches!(failed, Outcome::Refused(_)), "{failed:?}");
    for gone in ["7", "../../x", "a/b?c"] {
        assert_eq!(client.poll(gone, false, &now).await, Outcome::Vanished);
    }
    assert_eq!(fake.seen("/api/v1/activities/%2E%2E%2F%2E%2E%2Fx").len(), 1);
    assert_eq!(client.list(&now).await.unwrap().len(), 3);
    assert_eq!(
        client.profile(&now).await.unwrap().username.as_deref(),
        Some("trailrunner")
    );
}

#[test]
fn every_call_can_run_on_its_own_task() {
    fn check<T: Send>(_: &T) {}
    let (client, _folder) = ready(TP, 9, "");
    check(&client.upload(run("x", Format::Fit), &silent, &now));
    check(&client.poll("1", false, &now));
    check(&client.list(&now));
    check(&client.profile(&now));
    check(&client.sign_out());
    check(&client.sign_in(&|_| {}, &now, std::future::pending()));
    check(&client.admit());
    check(&client.turn_away());
}
