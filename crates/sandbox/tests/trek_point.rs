//! Trek Point over real sockets: sign-in with PKCE, activities, routes, exports, and every documented refusal.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its own functions too"
)]

mod support;

use sandbox::{Consent, Duplicates, Expire, ServiceName};
use serde_json::{Value, json};
use support::*;

fn run(points: u32) -> reqwest::multipart::Form {
    form(
        &[("name", "Lunch run"), ("activity_type", "running")],
        Some(("run.gpx", gpx(points).into_bytes())),
    )
}

async fn send(
    sandbox: &sandbox::Sandbox,
    method: &str,
    access: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let method = method.parse().unwrap();
    let request = client()
        .request(method, format!("{}{path}", sandbox.base()))
        .bearer_auth(access)
        .json(&body);
    status_and_json(request.send().await.unwrap()).await
}

#[tokio::test]
async fn authorize_wants_pkce_and_known_scopes() {
    let sandbox = start();
    sandbox.switch(|switches| switches.consent = Consent::Allow);
    let address = format!("{}/oauth/authorize", sandbox.base());
    let query = tp_query("profile activities_read");
    for (change, expected) in [
        (with(&query, "code_challenge", None), "invalid_request"),
        (
            with(&query, "code_challenge", Some("short")),
            "invalid_request",
        ),
        (
            with(&query, "code_challenge_method", None),
            "invalid_request",
        ),
        (
            with(&query, "code_challenge_method", Some("plain")),
            "invalid_request",
        ),
        (with(&query, "scope", None), "invalid_scope"),
        (
            with(&query, "scope", Some("profile admin")),
            "invalid_scope",
        ),
        (
            with(&query, "response_type", Some("token")),
            "unsupported_response_type",
        ),
    ] {
        let target = location(&get(&address, &change).await);
        assert_eq!(
            parameter(&target, "error").as_deref(),
            Some(expected),
            "{change:?}"
        );
        assert_eq!(parameter(&target, "state").as_deref(), Some("xyz"));
    }
    for change in [
        with(&query, "client_id", Some("sandbox")),
        with(
            &query,
            "redirect_uri",
            Some("http://127.0.0.1:1/trek-point"),
        ),
    ] {
        assert_eq!(get(&address, &change).await.status(), 400);
    }
}

#[tokio::test]
async fn the_verifier_must_fit() {
    let sandbox = start();
    let other = "a".repeat(43);
    for (verifier, expected) in [
        ("", "invalid_request"),
        (other.as_str(), "invalid_grant"),
        (CHALLENGE, "invalid_grant"),
    ] {
        let code = tp_code(&sandbox, "profile").await;
        let (status, body) = tp_token(&sandbox, &tp_exchange(&code, verifier)).await;
        assert_eq!(
            (status, body["error"].as_str()),
            (400, Some(expected)),
            "{verifier}"
        );
    }
    let code = tp_code(&sandbox, "profile").await;
    let good = tp_exchange(&code, VERIFIER);
    for change in [
        with(&good, "client_id", None),
        with(&good, "client_id", Some("x")),
        [good.as_slice(), &[("client_secret", "x")]].concat(),
    ] {
        assert_eq!(
            tp_token(&sandbox, &change).await.1["error"],
            "invalid_client"
        );
    }
    let (status, body) = tp_token(&sandbox, &good).await;
    assert_eq!(
        (
            status,
            body["token_type"].as_str(),
            body["expires_in"].as_i64()
        ),
        (200, Some("Bearer"), Some(3600))
    );
    assert_eq!(tp_token(&sandbox, &good).await.1["error"], "invalid_grant");
    let (status, body) = tp_get(
        &sandbox,
        body["access_token"].as_str().unwrap(),
        "/oauth/profile",
    )
    .await;
    assert_eq!(
        (status, body["error"].as_str()),
        (401, Some("invalid_token")),
        "the replay revoked it"
    );
}

#[tokio::test]
async fn refresh_may_rotate_and_narrow() {
    let sandbox = start();
    let (access, refresh) = tp_sign_in(&sandbox, "profile activities_read").await;
    let form = |word: &str, scope: &str| {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("client_id", "sandbox-public"),
            ("refresh_token", word),
            ("scope", scope),
        ];
        pairs.map(|(name, value)| (name, value.to_owned()))
    };
    let refreshed = async |word: &str, scope: &str| {
        let form = form(word, scope);
        let form: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        tp_token(&sandbox, &form).await
    };
    assert_eq!(
        refreshed(&refresh, "profile routes_read").await.1["error"],
        "invalid_scope"
    );
    let (narrow, rotated) = pair(refreshed(&refresh, "profile").await);
    assert_eq!(refreshed(&refresh, "").await.1["error"], "invalid_grant");
    assert_eq!(tp_get(&sandbox, &access, "/oauth/profile").await.0, 401);
    assert_eq!(
        tp_get(&sandbox, &narrow, "/oauth/profile").await.1["username"],
        "trailrunner"
    );
    assert_eq!(
        tp_get(&sandbox, &narrow, "/api/v1/activities").await.1["error"],
        "insufficient_scope"
    );
    sandbox.switch(|switches| switches.rotates = false);
    let (_, kept) = refreshed(&rotated, "").await;
    assert!(kept.get("refresh_token").is_none() && kept["access_token"].is_string());
    assert_eq!(refreshed(&rotated, "").await.0, 200);
    sandbox.expire(Some(ServiceName::TrekPoint), Expire::Session);
    assert_eq!(refreshed(&rotated, "").await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn revoking_ends_the_session() {
    let sandbox = start();
    let (access, refresh) = tp_sign_in(&sandbox, "profile").await;
    let revoke = async |form: &[(&str, &str)]| {
        client()
            .post(format!("{}/oauth/revoke", sandbox.base()))
            .form(form)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let live = || {
        (
            sandbox.tokens()["trek-point"].access.live,
            sandbox.tokens()["trek-point"].refresh.live,
        )
    };
    assert_eq!(
        revoke(&[("token", &refresh)]).await,
        401,
        "a public client names itself"
    );
    let me = ("client_id", "sandbox-public");
    assert_eq!(revoke(&[me]).await, 400);
    assert_eq!(
        revoke(&[me, ("token", &access), ("token_type_hint", "access_token")]).await,
        200
    );
    assert_eq!(live(), (0, 1));
    assert_eq!(
        revoke(&[
            me,
            ("token", &refresh),
            ("token_type_hint", "refresh_token")
        ])
        .await,
        200
    );
    assert_eq!(live(), (0, 0));
}

#[tokio::test]
async fn who_asks_is_told_what_is_missing() {
    let sandbox = start();
    let address = format!("{}/api/v1/activities", sandbox.base());
    let bare = status_and_json(client().get(&address).send().await.unwrap()).await;
    assert_eq!(
        (bare.0, bare.1["error"].as_str()),
        (401, Some("missing_authorization"))
    );
    let basic = status_and_json(
        client()
            .get(&address)
            .basic_auth("a", Some("b"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (basic.0, basic.1["error"].as_str()),
        (401, Some("unsupported_token_type"))
    );
    let (access, _) = tp_sign_in(&sandbox, "profile activities_read").await;
    let (status, body) = tp_upload(&sandbox, &access, run(5)).await;
    assert_eq!(
        (status, body["error"].as_str()),
        (403, Some("insufficient_scope"))
    );
    sandbox.advance(3_601_000);
    let (status, body) = tp_get(&sandbox, &access, "/api/v1/activities").await;
    assert_eq!(
        (status, body["error"].as_str()),
        (401, Some("invalid_token"))
    );
    let mmt = mmt_sign_in(&sandbox).await.0;
    assert_eq!(
        tp_get(&sandbox, &mmt, "/oauth/profile").await.0,
        401,
        "a token of the other service"
    );
}

#[tokio::test]
async fn an_activity_is_processed_then_ready() {
    let sandbox = start();
    sandbox.switch(|switches| switches.processing_ms = Some(60_000));
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    let (status, body) = tp_upload(&sandbox, &access, run(31)).await;
    assert_eq!(
        (status, body["name"].as_str(), body["status"].as_str()),
        (201, Some("Lunch run"), Some("processing"))
    );
    let path = format!("/api/v1/activities/{}", body["id"]);
    let (status, body) = tp_get(&sandbox, &access, &path).await;
    assert_eq!(
        (status, body["error"].as_str()),
        (409, Some("activity_not_ready"))
    );
    sandbox.advance(60_000);
    let (status, detail) = tp_get(&sandbox, &access, &path).await;
    assert_eq!(status, 200);
    assert!(detail.get("id").is_none() && detail.get("status").is_none());
    assert_eq!(detail["route_line"]["coordinates"][0], json!([18.0, 50.0]));
    let (_, list) = tp_get(&sandbox, &access, "/api/v1/activities").await;
    let row = &list["activities"][0];
    assert_eq!(
        (row["status"].as_str(), row["activity_started_at"].as_str()),
        (Some("ready"), Some("2026-03-29T06:30:00+00:00"))
    );
    assert_eq!(
        (row["duration_s"].as_f64(), row["activity_type"].as_str()),
        (Some(30.0), Some("running"))
    );
    assert!(
        (row["distance_m"].as_f64().unwrap() - 3336.0).abs() < 1.0,
        "{row}"
    );
    assert_eq!(sandbox.bytes(0).unwrap(), gpx(31));
}

#[tokio::test]
async fn activities_change_and_go() {
    let sandbox = start();
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    let (_, made) = tp_upload(&sandbox, &access, form(&[], Some(("a.fit", fit())))).await;
    let path = format!("/api/v1/activities/{}", made["id"]);
    let (status, row) = send(
        &sandbox,
        "PATCH",
        &access,
        &path,
        json!({"name": "New", "tags": ["long"]}),
    )
    .await;
    assert_eq!(
        (status, &row["name"], &row["tags"]),
        (200, &json!("New"), &json!(["long"]))
    );
    assert_eq!(
        (row["distance_m"].as_f64(), row["duration_s"].as_f64()),
        (Some(12_345.0), Some(3600.0))
    );
    assert_eq!(
        send(
            &sandbox,
            "PATCH",
            &access,
            &path,
            json!({"status": "ready"})
        )
        .await
        .0,
        400
    );
    sandbox.switch(|switches| switches.account = "fellwalker".to_owned());
    let (other, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    assert_eq!(
        send(&sandbox, "DELETE", &other, &path, json!({})).await.1["error"],
        "not_found"
    );
    assert_eq!(
        tp_get(&sandbox, &other, "/api/v1/activities").await.1,
        json!({"activities": []})
    );
    assert_eq!(
        send(&sandbox, "DELETE", &access, &path, json!({})).await.0,
        204
    );
    assert_eq!(
        tp_get(&sandbox, &access, &path).await.1["error"],
        "not_found"
    );
}

#[tokio::test]
async fn files_that_are_refused() {
    let sandbox = start();
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    for form in [
        form(&[("name", "x")], None),
        form(&[], Some(("a.tcx", TCX.into()))),
        form(&[], Some(("a.gpx", fit()))),
        run(0),
    ] {
        let (status, body) = tp_upload(&sandbox, &access, form).await;
        assert_eq!(
            (status, body["error"].as_str()),
            (422, Some("invalid_file"))
        );
    }
    assert_eq!(
        send(&sandbox, "POST", &access, "/api/v1/activities", json!({}))
            .await
            .0,
        400
    );
    assert!(sandbox.uploads().is_empty());
    let first = tp_upload(&sandbox, &access, run(5)).await.1["id"].clone();
    assert_ne!(
        tp_upload(&sandbox, &access, run(5)).await.1["id"],
        first,
        "by default it makes a second one"
    );
    sandbox.switch(|switches| switches.duplicates = Duplicates::Refused);
    let (status, body) = tp_upload(&sandbox, &access, run(5)).await;
    assert_eq!(
        (status, &body["error"], &body["detail"]["id"]),
        (409, &json!("already_exists"), &first)
    );
}
