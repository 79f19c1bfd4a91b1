//! Faults over real sockets, the control addresses, what survives a restart, and the binary itself.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its own functions too"
)]

mod support;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use sandbox::{Fault, Harm, Options, Sandbox, ServiceName::*, Shape};
use serde_json::{Value, json};
use support::*;

fn run(points: u32) -> reqwest::multipart::Form {
    form(
        &[("status", "private"), ("activity_type", "running")],
        Some(("run.gpx", gpx(points).into_bytes())),
    )
}

/// Sends one upload to Map My Tracks under this fault: whether an answer came, and how many files were kept.
async fn under(harm: Harm) -> (Result<(u16, String), reqwest::Error>, usize) {
    let sandbox = start();
    let (access, _) = mmt_sign_in(&sandbox).await;
    sandbox
        .fault(Fault::once(MapMyTracks, "uploadActivity", harm))
        .unwrap();
    let request = client()
        .post(format!("{}/uploadActivity", sandbox.mmt_base()))
        .bearer_auth(&access)
        .multipart(run(50));
    let answer = async {
        let answer = request.timeout(Duration::from_millis(1500)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    };
    let answer = answer.await;
    let kept = sandbox.uploads().len();
    assert_eq!(
        mmt_upload(&sandbox, &access, run(50)).await.0,
        200,
        "the next request is sound again"
    );
    (answer, kept)
}

#[tokio::test]
async fn connections_are_cut_for_real() {
    for (harm, expected) in [
        (Harm::CutRequest { after_bytes: 100 }, 0),
        (Harm::Cut, 0),
        (Harm::Lost, 1),
        (Harm::CutAnswer, 1),
        (Harm::Hang { kept: false }, 0),
        (Harm::Hang { kept: true }, 1),
    ] {
        let (answer, kept) = under(harm.clone()).await;
        assert_eq!(
            (answer.is_err(), kept),
            (true, expected),
            "{harm:?} {answer:?}"
        );
        let timed_out = answer.is_err_and(|error| error.is_timeout());
        assert_eq!(timed_out, matches!(harm, Harm::Hang { .. }), "{harm:?}");
    }
}

#[tokio::test]
async fn a_cut_answer_ends_in_its_middle() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let sandbox = start();
    sandbox
        .fault(Fault::once(TrekPoint, "profile", Harm::CutAnswer))
        .unwrap();
    let mut socket = tokio::net::TcpStream::connect(sandbox.base().trim_start_matches("http://"))
        .await
        .unwrap();
    socket
        .write_all(b"GET /oauth/profile HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length: usize = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(body.len(), length / 2);
}

#[tokio::test]
async fn answers_are_bent() {
    let (answer, kept) = under(Harm::Html {
        kept: false,
        status: 200,
    })
    .await;
    assert!(
        answer.is_ok_and(|(status, text)| status == 200 && text.contains("Back soon")) && kept == 0
    );
    let (answer, kept) = under(Harm::Html {
        kept: true,
        status: 200,
    })
    .await;
    assert!(answer.is_ok_and(|(_, text)| text.contains("Back soon")) && kept == 1);
    for (shape, expected) in [
        (Shape::WithoutId, json!({"function": "uploadActivity"})),
        (
            Shape::EmptyId,
            json!({"function": "uploadActivity", "activity_id": ""}),
        ),
        (
            Shape::StringId,
            json!({"function": "uploadActivity", "activity_id": "1234567"}),
        ),
    ] {
        let (answer, kept) = under(Harm::Reshape { shape }).await;
        let (status, text) = answer.unwrap();
        assert_eq!(
            (status, serde_json::from_str::<Value>(&text).unwrap(), kept),
            (200, expected, 1)
        );
    }
}

#[tokio::test]
async fn an_echo_repeats_what_was_shown() {
    let sandbox = start();
    let code = tp_code(&sandbox, "profile activities_read").await;
    let echo = Harm::Echo { status: 400 };
    sandbox
        .fault(Fault::once(TrekPoint, "token", echo))
        .unwrap();
    let (status, body) = tp_token(&sandbox, &tp_exchange(&code, VERIFIER)).await;
    let words = body["error_description"].as_str().unwrap();
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_request"))
    );
    assert!(words.contains(&code) && words.contains(VERIFIER), "{words}");
    // It was handled all the same, and all of it is known as secret.
    assert_eq!(sandbox.tokens()["trek-point"].refresh.live, 1);
    let secrets = sandbox.secrets();
    assert!(secrets.contains(&code) && secrets.iter().any(|secret| secret == VERIFIER));
    let live = secrets.iter().filter(|secret| sandbox.is_live(secret));
    assert_eq!(live.count(), 2, "{secrets:?}");
}

#[tokio::test]
async fn statuses_say_when_to_come_back() {
    let sandbox = start();
    let status = |status, date| Harm::Status {
        status,
        retry_after_s: Some(2),
        retry_after_date: date,
        body: None,
    };
    for harm in [status(429, false), status(503, true)] {
        sandbox
            .fault(Fault::once(TrekPoint, "activities.list", harm))
            .unwrap();
    }
    let address = format!("{}/api/v1/activities", sandbox.base());
    let first = get(&address, &[]).await;
    assert_eq!(
        (
            first.status().as_u16(),
            first.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "2")
    );
    let second = get(&address, &[]).await;
    assert_eq!(second.status(), 503);
    assert!(
        second.headers()["retry-after"]
            .to_str()
            .unwrap()
            .ends_with(" GMT")
    );
    assert_eq!(get(&address, &[]).await.status(), 401);
    let statuses: Vec<u16> = sandbox
        .requests()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [429, 503, 401]);
}

#[tokio::test]
async fn slow_waits_and_tokens_die_early() {
    let sandbox = start();
    sandbox
        .fault(Fault::once(
            MapMyTracks,
            "token",
            Harm::ExpiresIn { seconds: 1 },
        ))
        .unwrap();
    sandbox
        .fault(Fault::once(MapMyTracks, "token", Harm::Slow { ms: 200 }))
        .unwrap();
    let began = Instant::now();
    let (access, _) = mmt_sign_in(&sandbox).await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    sandbox.advance(1000);
    assert_eq!(mmt_upload(&sandbox, &access, run(2)).await.0, 401);
}

#[tokio::test]
async fn processing_lasts_as_ordered() {
    let sandbox = start();
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    let processing = |ms, then: Option<&str>| Harm::Processing {
        ms,
        then: then.map(str::to_owned),
    };
    let mut ids = Vec::new();
    for harm in [
        processing(None, None),
        processing(Some(1000), Some("failed")),
        Harm::Reshape {
            shape: Shape::Nested,
        },
    ] {
        sandbox
            .fault(Fault::once(TrekPoint, "activities.create", harm))
            .unwrap();
        let (_, body) = tp_upload(&sandbox, &access, run(3)).await;
        ids.push(
            body.get("id")
                .or_else(|| body["activity"].get("id"))
                .unwrap()
                .clone(),
        );
    }
    sandbox.advance(10_000_000_000);
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    let (_, list) = tp_get(&sandbox, &access, "/api/v1/activities").await;
    let statuses: Vec<&str> = list["activities"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|row| row["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["processing", "failed", "ready"]);
    assert_eq!(
        tp_get(&sandbox, &access, &format!("/api/v1/activities/{}", ids[1]))
            .await
            .1["detail"]["status"],
        "failed"
    );
}

#[tokio::test]
async fn an_id_may_stand_only_in_location() {
    let sandbox = start();
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    sandbox
        .fault(Fault::once(
            TrekPoint,
            "activities.create",
            Harm::Reshape {
                shape: Shape::Location,
            },
        ))
        .unwrap();
    let request = client()
        .post(format!("{}/api/v1/activities", sandbox.base()))
        .bearer_auth(&access)
        .multipart(run(3));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    assert!(
        answer.headers()["location"]
            .to_str()
            .unwrap()
            .starts_with("/api/v1/activities/")
    );
}

/// A fault that can hit nothing would let a test pass that looks at nothing.
#[tokio::test]
async fn a_fault_of_an_endpoint_that_its_service_has_not_is_refused() {
    let sandbox = start();
    let order = async |fault: Value| {
        let request = client().post(format!("{}/sandbox/faults", sandbox.base()));
        let answer = request.json(&fault).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (own, other) = ("uploadActivity", "activities.create");
    for (service, endpoint, said) in [
        ("trek-point", own, "Trek Point has no endpoint"),
        ("map-my-tracks", other, "Map My Tracks has no endpoint"),
        ("map-my-tracks", "profile", "Map My Tracks has no endpoint"),
        ("trek-point", "nonsense", "Trek Point has no endpoint"),
    ] {
        let fault = json!({"fault": "cut", "service": service, "endpoint": endpoint});
        let sound = json!({"fault": "cut"});
        let (status, text) = order(json!([sound, fault])).await;
        assert_eq!(status, 400, "{service} {endpoint}: {text}");
        assert!(text.contains(said) && text.contains(endpoint), "{text}");
    }
    let (status, text) = order(json!({"fault": "cut", "endpoint": "nonsense"})).await;
    assert!(status == 400 && text.contains("no service has"), "{text}");
    let cut = Fault::once(TrekPoint, own, Harm::Cut);
    sandbox.fault(cut).unwrap_err();
    // None of all these was taken, not the sound one beside them either.
    let (access, _) = mmt_sign_in(&sandbox).await;
    assert_eq!(mmt_upload(&sandbox, &access, run(2)).await.0, 200);
    let of_either = json!({"fault": "cut", "endpoint": other});
    assert_eq!(order(of_either).await.0, 200);
}

#[tokio::test]
async fn the_control_addresses_do_the_same() {
    let sandbox = start();
    let control = |path: &str| format!("{}/sandbox/{path}", sandbox.base());
    let post = async |path: &str, body: Value| {
        client()
            .post(control(path))
            .json(&body)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let (access, refresh) = mmt_sign_in(&sandbox).await;
    assert_eq!(
        post(
            "faults",
            json!({"fault": "status", "status": 500, "service": "map-my-tracks", "times": 1})
        )
        .await,
        200
    );
    assert_eq!(
        post("faults", json!([{"fault": "cut", "endpoint": "nonsense"}])).await,
        400
    );
    assert_eq!(mmt_upload(&sandbox, &access, run(4)).await.0, 500);
    assert_eq!(mmt_upload(&sandbox, &access, run(4)).await.0, 200);
    assert_eq!(
        post("switches", json!({"rotates": false, "processing_ms": null})).await,
        200
    );
    assert_eq!(post("switches", json!({"rotatse": false})).await, 400);
    let bytes = get(&control("uploads/0/bytes"), &[])
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(bytes, gpx(4));
    assert_eq!(get(&control("uploads/1/bytes"), &[]).await.status(), 404);
    let text = get(&control("state"), &[]).await.text().await.unwrap();
    let state: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(state["uploads"][0]["service"], "map-my-tracks");
    assert_eq!(state["tokens"]["map-my-tracks"]["access"]["live"], 1);
    assert_eq!(state["switches"]["processing_ms"], Value::Null);
    for secret in [access.as_str(), refresh.as_str(), "sbx-code-", "s:e/c+r"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(post("expire", json!({"what": "session"})).await, 200);
    assert_eq!(mmt_upload(&sandbox, &access, run(4)).await.0, 401);
    assert_eq!(post("reset", json!({})).await, 200);
    assert!(sandbox.uploads().is_empty() && sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_kept_folder_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        keep: Some(folder.path().join("kept")),
        seed: Some(3),
        ..Options::default()
    };
    let before = Sandbox::start(options()).unwrap();
    let (access, _) = mmt_sign_in(&before).await;
    let (_, first) = mmt_upload(&before, &access, run(8)).await;
    drop(before);
    let after = Sandbox::start(options()).unwrap();
    assert_eq!(after.bytes(0).unwrap(), gpx(8));
    let (_, second) = mmt_upload(&after, &access, run(8)).await;
    assert_eq!(
        (second["status"].as_str(), &second["activity_id"]),
        (Some("already exists"), &first["activity_id"])
    );
    let taken = after.base().rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(
        Sandbox::start(Options {
            port: taken,
            ..Options::default()
        })
        .is_err()
    );
}

#[cfg(unix)]
#[test]
fn the_binary_says_where_it_is_and_ends_when_told() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trackdock-sandbox"))
        .args([
            "--client-secret",
            "other",
            "--redirect-uri",
            "trek-point=http://127.0.0.1:9/x",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["map-my-tracks"]["client_secret"], "other");
    assert_eq!(
        ready["trek-point"]["redirect_uris"][2],
        "http://127.0.0.1:9/x"
    );
    assert!(
        ready["map-my-tracks"]["base"]
            .as_str()
            .unwrap()
            .ends_with("/api3")
    );
    assert!(
        Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success());
}
