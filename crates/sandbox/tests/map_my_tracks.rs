//! Map My Tracks over real sockets: every documented success and refusal.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its own functions too"
)]

mod support;

use sandbox::{Consent, Expire, ServiceName};
use serde_json::json;
use support::*;

const RUN: &[(&str, &str)] = &[("status", "private"), ("activity_type", "running")];

#[tokio::test]
async fn consent_page_asks_and_answers() {
    let sandbox = start();
    let address = format!("{}/oauth/authorize", sandbox.mmt_base());
    for (decision, expected) in [("allow", "code"), ("deny", "error")] {
        let page = get(&address, &mmt_query()).await.text().await.unwrap();
        assert!(
            page.contains("id=\"allow\"")
                && page.contains("id=\"deny\"")
                && page.contains("Map My Tracks"),
            "{page}"
        );
        let ticket = page
            .split("name=\"ticket\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap();
        let form = [
            ("ticket", ticket),
            ("decision", decision),
            ("account", "fellwalker"),
        ];
        let post = || {
            client()
                .post(&address)
                .query(&mmt_query())
                .form(&form)
                .send()
        };
        let answer = post().await.unwrap();
        assert_eq!(answer.status(), 303);
        let target = location(&answer);
        assert!(target.as_str().starts_with(MMT_REDIRECT));
        assert_eq!(parameter(&target, "state").as_deref(), Some("s t"));
        assert!(parameter(&target, expected).is_some());
        assert_eq!(
            post().await.unwrap().status(),
            400,
            "a page is answered once"
        );
    }
}

#[tokio::test]
async fn a_wrong_client_or_redirect_stays_on_a_page() {
    let sandbox = start();
    sandbox.switch(|switches| switches.consent = Consent::Allow);
    let address = format!("{}/oauth/authorize", sandbox.mmt_base());
    let query = mmt_query();
    let wrong = [
        with(&query, "client_id", Some("other")),
        with(&query, "client_id", None),
        with(
            &query,
            "redirect_uri",
            Some("http://127.0.0.1:53682/map-my-tracks/"),
        ),
        with(&query, "redirect_uri", Some(TP_REDIRECT)),
        with(&query, "redirect_uri", None),
        [query.as_slice(), &[("state", "again")]].concat(),
    ];
    for query in wrong {
        let answer = get(&address, &query).await;
        assert_eq!(answer.status(), 400, "{query:?}");
        assert!(answer.headers().get("location").is_none());
        assert!(answer.text().await.unwrap().contains("<h1>"));
    }
    for (kind, expected) in [
        (Some("token"), "unsupported_response_type"),
        (None, "invalid_request"),
    ] {
        let answer = get(&address, &with(&query, "response_type", kind)).await;
        assert_eq!(
            parameter(&location(&answer), "error").as_deref(),
            Some(expected)
        );
    }
    sandbox.switch(|switches| switches.consent = Consent::Deny);
    let answer = get(&address, &query).await;
    assert_eq!(
        parameter(&location(&answer), "error").as_deref(),
        Some("access_denied")
    );
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_its_replay_revokes() {
    let sandbox = start();
    let code = mmt_code(&sandbox).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", MMT_REDIRECT),
    ];
    let (access, refresh) = pair(mmt_token(&sandbox, &form).await);
    let (status, body) = mmt_token(&sandbox, &form).await;
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    assert_eq!(mmt_upload(&sandbox, &access, form_of_gpx(5)).await.0, 401);
    let again = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    assert_eq!(mmt_token(&sandbox, &again).await.0, 400);
}

fn form_of_gpx(points: u32) -> reqwest::multipart::Form {
    form(RUN, Some(("run.gpx", gpx(points).into_bytes())))
}

#[tokio::test]
async fn clients_that_are_refused() {
    let sandbox = start();
    let code = mmt_code(&sandbox).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", MMT_REDIRECT),
    ];
    let address = format!("{}/oauth/token", sandbox.mmt_base());
    for (id, secret) in [
        ("sandbox", "s%3Ae%2Fc%2Br%3D%C3%A9"),
        ("sandbox", ""),
        ("other", "s:e/c+r=é"),
    ] {
        let (status, body) = status_and_json(
            client()
                .post(&address)
                .basic_auth(id, Some(secret))
                .form(&form)
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(
            (status, body["error"].as_str()),
            (401, Some("invalid_client")),
            "{id} {secret}"
        );
    }
    let in_body = [
        form.as_slice(),
        &[("client_id", "sandbox"), ("client_secret", "s:e/c+r=é")],
    ]
    .concat();
    assert_eq!(
        client()
            .post(&address)
            .form(&in_body)
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    let in_json = client()
        .post(&address)
        .basic_auth("sandbox", Some("s:e/c+r=é"))
        .json(&json!({"grant_type": "refresh_token"}));
    assert_eq!(in_json.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn grants_that_are_refused() {
    let sandbox = start();
    let code = mmt_code(&sandbox).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", MMT_REDIRECT),
    ];
    for (change, expected) in [
        (
            with(&form, "grant_type", Some("password")),
            "unsupported_grant_type",
        ),
        (with(&form, "code", None), "invalid_request"),
        (with(&form, "code", Some("guess")), "invalid_grant"),
        (with(&form, "redirect_uri", None), "invalid_request"),
        (
            with(&form, "redirect_uri", Some(TP_REDIRECT)),
            "invalid_grant",
        ),
        (form.to_vec(), "invalid_grant"), // spoilt by the exchange before
    ] {
        let (status, body) = mmt_token(&sandbox, &change).await;
        assert_eq!(
            (status, body["error"].as_str()),
            (400, Some(expected)),
            "{change:?}"
        );
    }
    let late = mmt_code(&sandbox).await;
    sandbox.advance(601_000);
    let (status, _) = mmt_token(&sandbox, &with(&form, "code", Some(&late))).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn every_refresh_rotates() {
    let sandbox = start();
    let (access, refresh) = mmt_sign_in(&sandbox).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let (new_access, new_refresh) = pair(mmt_token(&sandbox, &form).await);
    assert!(new_access != access && new_refresh != refresh);
    let (status, body) = mmt_token(&sandbox, &form).await;
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    assert_eq!(mmt_upload(&sandbox, &access, form_of_gpx(3)).await.0, 401);
    assert_eq!(
        mmt_upload(&sandbox, &new_access, form_of_gpx(3)).await.0,
        200
    );
    sandbox.expire(Some(ServiceName::MapMyTracks), Expire::Access);
    assert_eq!(
        mmt_upload(&sandbox, &new_access, form_of_gpx(3)).await.0,
        401
    );
    let counts = sandbox.tokens()["map-my-tracks"];
    assert_eq!(
        (
            counts.refreshes,
            counts.replays,
            counts.refresh.live,
            counts.refresh.rotated
        ),
        (1, 1, 1, 1)
    );
    assert_eq!((counts.access.expired, counts.access.rotated), (1, 1));
}

#[tokio::test]
async fn revoking_takes_each_token_by_itself() {
    let sandbox = start();
    let (access, refresh) = mmt_sign_in(&sandbox).await;
    let address = format!("{}/oauth/revoke", sandbox.mmt_base());
    let revoke = |form: Vec<(&'static str, String)>| {
        let request = client().post(&address).form(&form);
        async { request.send().await.unwrap().status().as_u16() }
    };
    let live = || {
        (
            sandbox.tokens()["map-my-tracks"].access.live,
            sandbox.tokens()["map-my-tracks"].refresh.live,
        )
    };
    assert_eq!(revoke(vec![("code", access.clone())]).await, 400);
    assert_eq!(revoke(vec![("token", "unknown".to_owned())]).await, 200);
    assert_eq!(revoke(vec![("token", refresh.clone())]).await, 200);
    assert_eq!(live(), (1, 1), "a refresh token needs its hint");
    assert_eq!(
        revoke(vec![
            ("token", refresh),
            ("token_type_hint", "refresh_token".to_owned())
        ])
        .await,
        200
    );
    assert_eq!(live(), (1, 0));
    assert_eq!(revoke(vec![("token", access)]).await, 200);
    assert_eq!(live(), (0, 0));
    assert_eq!(
        client()
            .post(&address)
            .basic_auth("sandbox", Some("no"))
            .form(&[("token", "x")])
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
}

#[tokio::test]
async fn an_upload_is_kept_byte_for_byte_and_known_again() {
    let sandbox = start();
    let (access, _) = mmt_sign_in(&sandbox).await;
    let bytes = gpx(20).into_bytes();
    let named = [RUN, &[("activity_name", "Abendläufchen")]].concat();
    let send = || form(&named, Some(("2026-03-29-run.gpx", bytes.clone())));
    let (status, first) = mmt_upload(&sandbox, &access, send()).await;
    assert_eq!(
        (status, first["function"].as_str()),
        (200, Some("uploadActivity"))
    );
    assert!(first["activity_id"].is_u64() && first.get("status").is_none());
    let (status, second) = mmt_upload(&sandbox, &access, send()).await;
    assert_eq!(
        (status, second["status"].as_str()),
        (200, Some("already exists"))
    );
    assert_eq!(first["activity_id"], second["activity_id"]);
    let (_, fit_answer) = mmt_upload(
        &sandbox,
        &access,
        form(&[("status", "public")], Some(("a.fit", fit()))),
    )
    .await;
    assert_ne!(fit_answer["activity_id"], first["activity_id"]);
    assert_eq!(
        mmt_upload(&sandbox, &access, form(RUN, Some(("a.tcx", TCX.into()))))
            .await
            .0,
        200
    );
    let uploads = sandbox.uploads();
    let existing: Vec<bool> = uploads.iter().map(|upload| upload.existing).collect();
    assert_eq!(existing, [false, true, false, false]);
    assert_eq!(uploads[0].fields["activity_name"], "Abendläufchen");
    assert_eq!(
        (uploads[0].size, uploads[0].file_name.as_str()),
        (bytes.len() as u64, "2026-03-29-run.gpx")
    );
    assert_eq!(sandbox.bytes(0).unwrap(), bytes);
    assert_eq!(sandbox.bytes(2).unwrap(), fit());
}

#[tokio::test]
async fn uploads_that_are_refused() {
    let sandbox = start();
    let (access, _) = mmt_sign_in(&sandbox).await;
    let file = || Some(("run.gpx", gpx(5).into_bytes()));
    let private = ("status", "private");
    let cases = [
        (
            form(&[("activity_type", "running")], file()),
            "invalid status",
        ),
        (
            form(
                &[("status", "friends"), ("activity_type", "running")],
                file(),
            ),
            "invalid status",
        ),
        (form(&[private], file()), "invalid activity_type"),
        (
            form(&[private, ("activity_type", "Running")], file()),
            "invalid activity_type",
        ),
        (
            form(
                &[private, ("activity_type", "yoga")],
                Some(("a.fit", fit())),
            ),
            "invalid activity_type",
        ),
        (form(RUN, None), "invalid parameters"),
        (
            form(&[RUN, &[("file", "no file name")]].concat(), None),
            "invalid parameters",
        ),
        (
            form(&[RUN, &[private]].concat(), file()),
            "invalid parameters",
        ),
        (form_of_gpx(0), "invalid file"),
        (
            form(RUN, Some(("run.fit", gpx(5).into_bytes()))),
            "invalid file",
        ),
        (
            form(RUN, Some(("run.gpx", b"\x1f\x8b\x08".to_vec()))),
            "invalid file",
        ),
        (form(RUN, Some(("run.gpx", Vec::new()))), "invalid file"),
    ];
    for (at, (form, message)) in cases.into_iter().enumerate() {
        let (status, body) = mmt_upload(&sandbox, &access, form).await;
        let expected = json!({"function": "uploadActivity", "error": "INVALID_PARAMENTER", "message": message});
        assert_eq!((status, body), (403, expected), "case {at}");
    }
    assert!(sandbox.uploads().is_empty());
}

#[tokio::test]
async fn callers_that_are_refused() {
    let sandbox = start();
    let (access, _) = mmt_sign_in(&sandbox).await;
    assert_eq!(mmt_upload(&sandbox, "unknown", form_of_gpx(5)).await.0, 401);
    let address = format!("{}/uploadActivity", sandbox.mmt_base());
    let bare = client()
        .post(&address)
        .multipart(form_of_gpx(5))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), 401);
    let python = client()
        .post(&address)
        .bearer_auth(&access)
        .header("user-agent", "Python-requests/2")
        .multipart(form_of_gpx(5));
    let answer = python.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("<h1>403 Forbidden"));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(
        "chunked",
    )]));
    let chunked = client()
        .post(&address)
        .bearer_auth(&access)
        .body(stream)
        .send()
        .await
        .unwrap();
    assert_eq!(chunked.status(), 411);
    assert!(sandbox.uploads().is_empty());
}

#[tokio::test]
async fn live_activities_start_grow_and_stop() {
    let sandbox = start();
    let (access, _) = mmt_sign_in(&sandbox).await;
    let data = r#"{"loc":[{"lat":1.1,"lon":51.1,"timestamp":1563809643,"unix_timestamp":1563809643,"ele":0.1}]}"#;
    let first = form(
        &[
            ("status", "public"),
            ("activity_type", "Running"),
            ("activity_title", "Now"),
            ("data", data),
        ],
        None,
    );
    let (status, body) = mmt_post(&sandbox, "startActivity", &access, first).await;
    assert_eq!(status, 200, "{body}");
    let id = body["activity_id"].to_string();
    let same = form(
        &[
            ("status", "public"),
            ("activity_title", "Now"),
            ("data", data),
        ],
        None,
    );
    let (_, again) = mmt_post(&sandbox, "startActivity", &access, same).await;
    assert_eq!(again["activity_id"].to_string(), id);
    let update = || form(&[("activity_id", &id), ("data", data)], None);
    assert_eq!(
        mmt_post(&sandbox, "updateActivity", &access, update())
            .await
            .1,
        json!({"function": "updateActivity", "ok": 1})
    );
    let stop = || form(&[("activity_id", &id)], None);
    assert_eq!(
        mmt_post(&sandbox, "stopActivity", &access, stop()).await.1,
        json!({"function": "stopActivity", "ok": 1})
    );
    assert_eq!(
        mmt_post(&sandbox, "updateActivity", &access, update())
            .await
            .0,
        403
    );
    let (status, body) = mmt_post(&sandbox, "stopActivity", &access, stop()).await;
    assert_eq!(
        (status, body),
        (
            403,
            json!({"function": "stopActivity", "error": "INVALID_PARAMENTER"})
        )
    );
    let no_data = form(&[("status", "public")], None);
    assert_eq!(
        mmt_post(&sandbox, "startActivity", &access, no_data)
            .await
            .1["message"],
        "invalid parameters"
    );
}
