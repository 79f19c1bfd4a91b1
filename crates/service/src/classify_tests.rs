//! Tests of the classification: every row of the one table for both services, and the answers a server should never give.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::settings::ServiceId::{MapMyTracks, TrekPoint};
use crate::settings::{ServiceId, Settings};

fn rules(id: ServiceId) -> ResponseRules {
    Settings::from_table(id, None).unwrap().descriptor.response
}

fn answer(status: u16, header: &str, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header.split_once(": ") {
        headers.insert(
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    Answer {
        status,
        headers,
        body: body.into(),
    }
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The verdict as short text: `created 7`, `existing 7`, `existing`, `processing 7`, `token`, `throttled 2`, `list`, …
fn short(verdict: Verdict) -> String {
    let secs = |after: Option<Duration>| {
        after
            .map(|after| format!(" {}", after.as_secs()))
            .unwrap_or_default()
    };
    match verdict {
        Verdict::Token => "token".into(),
        Verdict::AskList { gone } => if gone { "list, gone" } else { "list" }.into(),
        Verdict::Is(outcome) => match outcome {
            Outcome::Created { id, .. } => format!("created {id}"),
            Outcome::Existing { id } => format!("existing {}", id.unwrap_or_default())
                .trim_end()
                .into(),
            Outcome::Processing { id } => format!("processing {id}"),
            Outcome::NeedsSignIn(_) => "sign in".into(),
            Outcome::NeedsScope(_) => "scope".into(),
            Outcome::Refused(words) => format!("refused {words}"),
            Outcome::Vanished => "vanished".into(),
            Outcome::Blocked(_) => "blocked".into(),
            Outcome::Throttled {
                after,
                perhaps_taken,
                ..
            } => {
                let doubt = if perhaps_taken { " in doubt" } else { "" };
                format!("throttled{}{doubt}", secs(after))
            }
            Outcome::Transient { after, .. } => format!("transient{}", secs(after)),
            Outcome::NoList(what) => format!("no list: {what}"),
            Outcome::SecretsClosed(_) => "secrets closed".into(),
            Outcome::Unknown(_) => "unknown".into(),
        },
    }
}

#[track_caller]
fn check(id: ServiceId, status: u16, header: &str, body: &str, expected: &str) {
    let verdict = upload(&rules(id), &answer(status, header, body), now());
    assert_eq!(short(verdict), expected, "{id:?} {status} {header} {body}");
}

#[test]
fn map_my_tracks_successes() {
    check(
        MapMyTracks,
        200,
        "",
        r#"{"function":"uploadActivity","activity_id":1234567}"#,
        "created 1234567",
    );
    check(
        MapMyTracks,
        200,
        "",
        r#"{"function":"uploadActivity","activity_id":"1234567"}"#,
        "created 1234567",
    );
    check(
        MapMyTracks,
        200,
        "",
        r#"{"activity_id":5,"status":"created"}"#,
        "created 5",
    );
    check(
        MapMyTracks,
        200,
        "",
        r#"{"activity_id":5,"status":"already exists"}"#,
        "existing 5",
    );
    check(
        MapMyTracks,
        200,
        "",
        r#"{"activity_id":"5","status":"Found to already exist"}"#,
        "existing 5",
    );
    check(
        MapMyTracks,
        200,
        "",
        r#"{"activity_id":5,"status":"DUPLICATE"}"#,
        "existing 5",
    );
    check(
        MapMyTracks,
        200,
        "",
        r#"{"activity_id":5,"status":null}"#,
        "created 5",
    );
}

#[test]
fn map_my_tracks_unknowns() {
    for body in [
        r#"{"function":"uploadActivity","activity_id":""}"#,
        r#"{"activity_id":null}"#,
        "{}",
        "",
        "[]",
        "5",
        "<html>ok</html>",
        r#"{"activity_id":{}}"#,
        r#"{"activity_id":0}"#,
        r#"{"status":"exists"}"#,
        "{\"activity_id\":5",
    ] {
        check(MapMyTracks, 200, "", body, "unknown");
    }
    check(MapMyTracks, 204, "", "", "unknown");
    check(MapMyTracks, 500, "", "oops", "unknown");
    check(MapMyTracks, 502, "", "<html>", "unknown");
    check(
        MapMyTracks,
        504,
        "retry-after: 5",
        "",
        "throttled 5 in doubt",
    );
}

#[test]
fn map_my_tracks_refusals_and_blocks() {
    let refused =
        r#"{"function":"uploadActivity","error":"INVALID_PARAMENTER","message":"invalid status"}"#;
    check(
        MapMyTracks,
        403,
        "",
        refused,
        "refused invalid status (INVALID_PARAMENTER)",
    );
    check(
        MapMyTracks,
        403,
        "",
        r#"{"error":"INVALID_PARAMETER"}"#,
        "refused INVALID_PARAMETER",
    );
    check(
        MapMyTracks,
        403,
        "",
        r#"{"function":"stopActivity","error":12}"#,
        "refused 12",
    );
    for body in [
        "<html>403 Forbidden</html>",
        "",
        "Forbidden",
        "[]",
        "{}",
        r#"{"error":null}"#,
    ] {
        check(MapMyTracks, 403, "", body, "blocked");
    }
    check(MapMyTracks, 404, "", "<html>", "blocked");
    check(
        MapMyTracks,
        413,
        "",
        "<html>too large</html>",
        "refused the file is too large",
    );
    check(
        MapMyTracks,
        400,
        "",
        r#"{"error":"x","message":"a\u001b[1m\nb"}"#,
        "refused a [1m b (x)",
    );
    check(MapMyTracks, 405, "", "", "blocked");
    check(MapMyTracks, 302, "location: /login", "", "blocked");
}

#[test]
fn the_same_at_both() {
    for id in [MapMyTracks, TrekPoint] {
        check(id, 401, "", "", "token");
        check(id, 401, "", r#"{"error":"anything"}"#, "token");
        check(id, 429, "retry-after: 2", "", "throttled 2");
        check(
            id,
            429,
            "retry-after: Fri, 20 Nov 2026 12:00:30 GMT",
            "{}",
            "throttled 30",
        );
        check(id, 429, "retry-after: 999999999", "", "throttled 86400");
        check(id, 429, "retry-after: soon", "", "throttled");
        check(id, 429, "", "", "throttled");
        check(id, 503, "retry-after: 7", "", "throttled 7");
        check(id, 503, "", "", "throttled");
        check(id, 500, "", "", "unknown");
        check(id, 408, "", "", "transient");
        check(id, 301, "location: https://evil.test", "", "blocked");
        check(id, 402, "", "", "blocked");
        check(id, 422, "", "no", "refused no");
    }
}

#[test]
fn trek_point_successes() {
    check(
        TrekPoint,
        201,
        "",
        r#"{"id":1201,"status":"ready"}"#,
        "created 1201",
    );
    check(
        TrekPoint,
        201,
        "",
        r#"{"id":1201,"status":"processing"}"#,
        "processing 1201",
    );
    check(TrekPoint, 201, "", r#"{"id":"1201"}"#, "processing 1201");
    check(
        TrekPoint,
        200,
        "",
        r#"{"activity":{"id":7,"status":"READY"}}"#,
        "created 7",
    );
    check(TrekPoint, 200, "", r#"{"activity_id":7}"#, "processing 7");
    check(TrekPoint, 200, "", r#"{"data":{"id":7}}"#, "processing 7");
    check(
        TrekPoint,
        202,
        "location: https://tp.test/api/v1/activities/9",
        "",
        "processing 9",
    );
    check(
        TrekPoint,
        202,
        "location: /api/v1/activities/9/",
        "<html>",
        "processing 9",
    );
    check(
        TrekPoint,
        201,
        "",
        r#"{"id":3,"status":"failed","message":"no points"}"#,
        "refused no points",
    );
    check(
        TrekPoint,
        201,
        "",
        r#"{"id":3,"status":"rejected"}"#,
        "refused it could not use the file (rejected)",
    );
}

#[test]
fn trek_point_unknowns() {
    for body in [
        "",
        "{}",
        "<html>",
        r#"{"id":null}"#,
        r#"{"id":""}"#,
        r#"{"status":"ready"}"#,
    ] {
        check(TrekPoint, 201, "", body, "unknown");
    }
}

#[test]
fn trek_point_duplicates() {
    check(TrekPoint, 409, "", "", "existing");
    check(
        TrekPoint,
        409,
        "",
        r#"{"error":"conflict","detail":{"id":8}}"#,
        "existing 8",
    );
    check(
        TrekPoint,
        409,
        "",
        r#"{"error":"duplicate","detail":{"activity_id":"8"}}"#,
        "existing 8",
    );
    check(
        TrekPoint,
        400,
        "",
        r#"{"error":"already_exists","detail":{"activity_id":8}}"#,
        "existing 8",
    );
    check(
        TrekPoint,
        422,
        "",
        r#"{"error":"duplicate_activity"}"#,
        "existing",
    );
    check(
        TrekPoint,
        200,
        "",
        r#"{"error":"duplicate","id":8}"#,
        "existing 8",
    );
    // The opposite of a duplicate.
    check(
        TrekPoint,
        400,
        "",
        r#"{"error":"activity_type_does_not_exist"}"#,
        "refused activity_type_does_not_exist",
    );
    check(
        TrekPoint,
        404,
        "",
        r#"{"error":"non-existent"}"#,
        "refused non-existent",
    );
}

#[test]
fn trek_point_refusals() {
    check(
        TrekPoint,
        400,
        "",
        r#"{"error":"missing_authorization"}"#,
        "token",
    );
    check(TrekPoint, 403, "", r#"{"error":"invalid_token"}"#, "token");
    check(
        TrekPoint,
        403,
        "",
        r#"{"error":"insufficient_scope"}"#,
        "scope",
    );
    check(
        TrekPoint,
        401,
        "",
        r#"{"error":"insufficient_scope"}"#,
        "scope",
    );
    check(TrekPoint, 403, "", "<html>", "blocked");
    check(TrekPoint, 403, "", r#"{"error":"forbidden"}"#, "blocked");
    check(
        TrekPoint,
        403,
        "",
        r#"{"error":"invalid_file"}"#,
        "refused invalid_file",
    );
    check(
        TrekPoint,
        400,
        "",
        r#"{"error":"invalid_format","detail":{"format":"tcx","n":{"x":1}}}"#,
        "refused format: tcx (invalid_format)",
    );
    check(
        TrekPoint,
        415,
        "",
        "",
        "refused it does not take this kind of file",
    );
    check(TrekPoint, 404, "", "<html>", "blocked");
    check(
        TrekPoint,
        418,
        "",
        r#"{"error":"invalid_teapot"}"#,
        "refused invalid_teapot",
    );
}

#[track_caller]
fn check_poll(status: u16, header: &str, body: &str, expected: &str) {
    let verdict = poll(&rules(TrekPoint), &answer(status, header, body), "7", now());
    assert_eq!(short(verdict), expected, "{status} {header} {body}");
}

#[test]
fn polling() {
    check_poll(
        200,
        "",
        r#"{"name":"Sunday long run","route_line":{"type":"LineString","coordinates":[]}}"#,
        "created 7",
    );
    check_poll(200, "", r#"{"id":7,"status":"ready"}"#, "created 7");
    check_poll(200, "", r#"{"id":7,"status":"crunching"}"#, "processing 7");
    check_poll(
        200,
        "",
        r#"{"id":7,"status":"failed"}"#,
        "refused it could not use the file (failed)",
    );
    for status in [200, 202, 400, 404, 409, 425, 500, 503] {
        check_poll(
            status,
            "",
            r#"{"error":"activity_not_ready"}"#,
            "processing 7",
        );
    }
    check_poll(
        409,
        "",
        r#"{"error":"activity_not_ready","detail":{"status":"Failed"}}"#,
        "refused it could not use the file (failed)",
    );
    check_poll(
        409,
        "",
        r#"{"error":"activity_not_ready","detail":{"status":"ready"}}"#,
        "processing 7",
    );
    check_poll(202, "", "", "processing 7");
    check_poll(404, "", r#"{"error":"not_found"}"#, "list, gone");
    check_poll(404, "", "<html>", "list, gone");
    check_poll(200, "", "<html>", "list");
    check_poll(401, "", "", "token");
    check_poll(403, "", r#"{"error":"insufficient_scope"}"#, "scope");
    check_poll(429, "retry-after: 3", "", "throttled 3");
    check_poll(500, "", "", "transient");
    check_poll(502, "retry-after: 9", "", "transient 9");
    check_poll(302, "location: /x", "", "blocked");
}

#[test]
fn no_answer_panics() {
    let bodies = [
        "{",
        "\u{0}",
        "{\"id\":1e999}",
        "{\"id\":-1}",
        &"[".repeat(5000),
        &format!("{{\"a\":{}}}", "[".repeat(5000)),
        "{\"error\":[]}",
        "\u{feff}{}",
    ];
    for id in ServiceId::ALL {
        for status in (100..600).step_by(31).chain([200, 201, 403, 404, 409]) {
            for body in bodies {
                // Whatever it is, it is decided.
                let _ = upload(&rules(id), &answer(status, "location: //", body), now());
                let _ = poll(&rules(id), &answer(status, "", body), "1", now());
                let _ = failed_look(&rules(id), &answer(status, "", body), now());
            }
        }
    }
}
