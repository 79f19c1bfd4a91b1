//! A small client of both services for these tests: it sends what it is told, right or wrong.

#![allow(dead_code, reason = "each test file uses its own part")]

use reqwest::{Client, Response, header, multipart};
use sandbox::{Clients, Consent, Options, Sandbox};
use serde_json::Value;

pub(crate) const MMT_REDIRECT: &str = "http://127.0.0.1:53682/map-my-tracks";
pub(crate) const TP_REDIRECT: &str = "http://127.0.0.1:53682/trek-point";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const ALL_SCOPES: &str =
    "profile activities_read activities_write routes_read routes_write";

pub(crate) fn start() -> Sandbox {
    Sandbox::start(Options {
        seed: Some(7),
        ..Options::default()
    })
    .unwrap()
}

pub(crate) fn client() -> Client {
    // The process-wide provider can be set once; the other tests of this process may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let none = reqwest::redirect::Policy::none();
    Client::builder()
        .no_proxy()
        .redirect(none)
        .user_agent("sandbox-test/1")
        .build()
        .unwrap()
}

pub(crate) fn gpx(points: u32) -> String {
    let point = |n: u32| {
        format!(
            "<trkpt lat=\"50.{n:03}\" lon=\"18.0\"><ele>{n}</ele><time>2026-03-29T06:30:{n:02}Z</time></trkpt>"
        )
    };
    let all: String = (0..points).map(point).collect();
    format!(
        "<?xml version=\"1.0\"?><gpx version=\"1.1\" xmlns=\"http://www.topografix.com/GPX/1/1\"><trk><trkseg>{all}</trkseg></trk></gpx>"
    )
}

pub(crate) fn fit() -> Vec<u8> {
    let mut file = b"\x0e\x10\0\0\0\0\0\0.FIT\0\0".to_vec();
    file.extend(b"\x40\0\0\x12\0\x03\x02\x04\x86\x07\x04\x86\x09\x04\x86\0");
    for value in [1_000_000_000_u32, 3_600_000, 1_234_500] {
        file.extend(value.to_le_bytes());
    }
    file.extend([0, 0]);
    file
}

pub(crate) const TCX: &str = "<TrainingCenterDatabase><Activities/></TrainingCenterDatabase>";

/// A form with a file: `(field, value)` pairs, then the file part.
pub(crate) fn form(fields: &[(&str, &str)], file: Option<(&str, Vec<u8>)>) -> multipart::Form {
    let mut form = multipart::Form::new();
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    match file {
        Some((name, bytes)) => form.part(
            "file",
            multipart::Part::bytes(bytes).file_name(name.to_owned()),
        ),
        None => form,
    }
}

pub(crate) fn location(response: &Response) -> url::Url {
    response.headers()[header::LOCATION]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

pub(crate) fn parameter(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

pub(crate) async fn get(address: &str, query: &[(&str, &str)]) -> Response {
    client().get(address).query(query).send().await.unwrap()
}

pub(crate) fn mmt_query<'a>() -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "sandbox"),
        ("redirect_uri", MMT_REDIRECT),
        ("state", "s t"),
    ]
}

pub(crate) fn tp_query(scope: &str) -> Vec<(&str, &str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "sandbox-public"),
        ("redirect_uri", TP_REDIRECT),
        ("scope", scope),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// The same query with one parameter changed, or left out.
pub(crate) fn with<'a>(
    query: &[(&'a str, &'a str)],
    name: &str,
    value: Option<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    let changed = query
        .iter()
        .map(|(known, old)| (*known, if *known == name { value } else { Some(*old) }));
    changed
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

pub(crate) async fn code(sandbox: &Sandbox, address: &str, query: &[(&str, &str)]) -> String {
    sandbox.switch(|switches| switches.consent = Consent::Allow);
    let answer = get(address, query).await;
    assert_eq!(answer.status(), 302, "{}", answer.text().await.unwrap());
    parameter(&location(&answer), "code").unwrap()
}

pub(crate) async fn mmt_code(sandbox: &Sandbox) -> String {
    code(
        sandbox,
        &format!("{}/oauth/authorize", sandbox.mmt_base()),
        &mmt_query(),
    )
    .await
}

pub(crate) async fn tp_code(sandbox: &Sandbox, scope: &str) -> String {
    code(
        sandbox,
        &format!("{}/oauth/authorize", sandbox.base()),
        &tp_query(scope),
    )
    .await
}

pub(crate) async fn mmt_token(sandbox: &Sandbox, form: &[(&str, &str)]) -> (u16, Value) {
    let Clients {
        map_my_tracks_id: id,
        map_my_tracks_secret: secret,
        ..
    } = sandbox.clients().clone();
    let request = client()
        .post(format!("{}/oauth/token", sandbox.mmt_base()))
        .basic_auth(id, Some(secret))
        .form(form);
    status_and_json(request.send().await.unwrap()).await
}

pub(crate) async fn tp_token(sandbox: &Sandbox, form: &[(&str, &str)]) -> (u16, Value) {
    let request = client()
        .post(format!("{}/oauth/token", sandbox.base()))
        .form(form);
    status_and_json(request.send().await.unwrap()).await
}

pub(crate) async fn status_and_json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// Signs in at Map My Tracks: access and refresh token.
pub(crate) async fn mmt_sign_in(sandbox: &Sandbox) -> (String, String) {
    let code = mmt_code(sandbox).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", MMT_REDIRECT),
    ];
    pair(mmt_token(sandbox, &form).await)
}

/// Signs in at Trek Point with these scopes.
pub(crate) async fn tp_sign_in(sandbox: &Sandbox, scope: &str) -> (String, String) {
    let code = tp_code(sandbox, scope).await;
    pair(tp_token(sandbox, &tp_exchange(&code, VERIFIER)).await)
}

pub(crate) fn tp_exchange<'a>(code: &'a str, verifier: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "sandbox-public"),
        ("code", code),
        ("redirect_uri", TP_REDIRECT),
        ("code_verifier", verifier),
    ]
}

pub(crate) fn pair((status, body): (u16, Value)) -> (String, String) {
    assert_eq!(status, 200, "{body}");
    let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (word("access_token"), word("refresh_token"))
}

pub(crate) async fn mmt_upload(
    sandbox: &Sandbox,
    access: &str,
    form: multipart::Form,
) -> (u16, Value) {
    mmt_post(sandbox, "uploadActivity", access, form).await
}

pub(crate) async fn mmt_post(
    sandbox: &Sandbox,
    function: &str,
    access: &str,
    form: multipart::Form,
) -> (u16, Value) {
    let request = client()
        .post(format!("{}/{function}", sandbox.mmt_base()))
        .bearer_auth(access)
        .multipart(form);
    status_and_json(request.send().await.unwrap()).await
}

pub(crate) async fn tp_upload(
    sandbox: &Sandbox,
    access: &str,
    form: multipart::Form,
) -> (u16, Value) {
    let request = client()
        .post(format!("{}/api/v1/activities", sandbox.base()))
        .bearer_auth(access)
        .multipart(form);
    status_and_json(request.send().await.unwrap()).await
}

pub(crate) async fn tp_get(sandbox: &Sandbox, access: &str, path: &str) -> (u16, Value) {
    let request = client()
        .get(format!("{}{path}", sandbox.base()))
        .bearer_auth(access);
    status_and_json(request.send().await.unwrap()).await
}
