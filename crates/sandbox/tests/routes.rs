//! Trek Point's routes and exports over real sockets.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its own functions too"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn run(points: u32) -> reqwest::multipart::Form {
    form(
        &[("name", "Lunch run")],
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

fn loop_route() -> Value {
    json!({"name": "Loop", "costing_mode": "hiking", "waypoints": [[18.4, -33.9], [18.5, -33.8]]})
}

#[tokio::test]
async fn routes_are_made_changed_and_exported() {
    let sandbox = start();
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    let (status, made) = send(&sandbox, "POST", &access, "/api/v1/routes", loop_route()).await;
    assert_eq!((status, &made["is_public"]), (201, &json!(false)));
    let path = format!("/api/v1/routes/{}", made["id"]);
    let (_, list) = tp_get(&sandbox, &access, "/api/v1/routes").await;
    assert!(
        list["routes"][0].get("waypoints").is_none() && list["routes"][0]["created_on"].is_string()
    );
    let (status, changed) = send(
        &sandbox,
        "PATCH",
        &access,
        &path,
        json!({"description": "Steady", "is_public": true}),
    )
    .await;
    assert_eq!(
        (status, &changed["description"], &changed["name"]),
        (200, &json!("Steady"), &json!("Loop"))
    );
    for wrong in [
        json!({"id": 1}),
        json!({"waypoints": [[18.0, 91.0], [1.0, 1.0]]}),
        json!([]),
    ] {
        assert_eq!(send(&sandbox, "PATCH", &access, &path, wrong).await.0, 400);
    }
    assert_eq!(
        send(
            &sandbox,
            "POST",
            &access,
            "/api/v1/routes",
            json!({"name": "x"})
        )
        .await
        .0,
        400
    );
    assert_eq!(
        send(&sandbox, "DELETE", &access, &path, json!({})).await.0,
        204
    );
    assert_eq!(tp_get(&sandbox, &access, &path).await.0, 404);
}

#[tokio::test]
async fn a_route_is_exported() {
    let sandbox = start();
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    let (_, made) = send(&sandbox, "POST", &access, "/api/v1/routes", loop_route()).await;
    let export = format!("/api/routes/{}/export", made["id"]);
    let (_, geojson) = tp_get(&sandbox, &access, &format!("{export}?format=geojson")).await;
    assert_eq!(geojson["geometry"]["coordinates"][1], json!([18.5, -33.8]));
    assert!(
        tp_get(&sandbox, &access, &format!("{export}?format=gpx"))
            .await
            .1
            .to_string()
            .contains("trkpt")
    );
    assert_eq!(
        tp_get(&sandbox, &access, &format!("{export}?format=kml"))
            .await
            .1,
        json!({"error": "invalid_format"})
    );
}

#[tokio::test]
async fn the_original_comes_back_exactly() {
    let sandbox = start();
    sandbox.switch(|switches| switches.processing_ms = Some(0));
    let (access, _) = tp_sign_in(&sandbox, ALL_SCOPES).await;
    let (_, made) = tp_upload(&sandbox, &access, run(9)).await;
    assert_eq!(made["status"], "ready");
    let export = format!("/api/activities/{}/export", made["id"]);
    for format in ["original", "gpx"] {
        let request = client()
            .get(format!("{}{export}?format={format}", sandbox.base()))
            .bearer_auth(&access);
        assert_eq!(request.send().await.unwrap().bytes().await.unwrap(), gpx(9));
    }
    assert_eq!(
        tp_get(&sandbox, &access, &format!("{export}?format=fit"))
            .await
            .0,
        404
    );
    assert_eq!(
        tp_get(&sandbox, &access, &format!("{export}?format=tcx"))
            .await
            .1,
        json!({"error": "invalid_format"})
    );
    let (_, state) =
        status_and_json(get(&format!("{}/sandbox/state", sandbox.base()), &[]).await).await;
    let key = state["activities"][0]["share_key"].as_str().unwrap();
    let shared =
        |format: &str, key: &str| format!("{}{export}?format={format}&k={key}", sandbox.base());
    assert_eq!(get(&shared("gpx", key), &[]).await.status(), 200);
    assert_eq!(
        get(&shared("original", key), &[]).await.status(),
        404,
        "owner only"
    );
    assert_eq!(get(&shared("gpx", "guess"), &[]).await.status(), 404);
    assert_eq!(
        get(&format!("{}{export}?format=gpx", sandbox.base()), &[])
            .await
            .status(),
        401
    );
}
