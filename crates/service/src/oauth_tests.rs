//! Tests of the OAuth pieces that need no server: the authorize address, token answers as real servers give them.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;

use super::*;
use crate::settings::ServiceId;

fn begin(id: ServiceId, own: &str, redirect: &str) -> (BTreeMap<String, String>, Begun) {
    let settings = Settings::from_table(id, Some(&own.parse().unwrap())).unwrap();
    let wire = Wire::new("test", true);
    let authority = Authority {
        settings: &settings,
        wire: &wire,
        secret: None,
        now: Timestamp::UNIX_EPOCH,
    };
    let begun = authority.begin(redirect).unwrap();
    let pairs: Vec<(String, String)> = begun.address.query_pairs().into_owned().collect();
    let query: BTreeMap<String, String> = pairs.iter().cloned().collect();
    assert_eq!(query.len(), pairs.len(), "a parameter comes twice");
    (query, begun)
}

#[test]
fn map_my_tracks_is_asked_by_the_document() {
    let (query, begun) = begin(
        ServiceId::MapMyTracks,
        "client_id = \"my id\"",
        "http://127.0.0.1:53682/map-my-tracks",
    );
    assert!(
        begun
            .address
            .as_str()
            .starts_with("https://www.mapmytracks.com/api3/oauth/authorize?")
    );
    assert_eq!(
        query["redirect_uri"],
        "http://127.0.0.1:53682/map-my-tracks"
    );
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "my id");
    assert_eq!(query["state"], *begun.state.secret());
    assert!(begun.state.secret().len() >= 22 && begun.verifier.is_none());
    assert_eq!(query.len(), 4, "{query:?}");
    let extra = "client_id = \"a\"\nextra_authorize_params = { redirect_url = \"{redirect_uri}\" }\npkce = true";
    let (query, begun) = begin(ServiceId::MapMyTracks, extra, "http://127.0.0.1:1");
    assert_eq!(
        (
            query["redirect_url"].as_str(),
            query["redirect_uri"].as_str()
        ),
        ("http://127.0.0.1:1", "http://127.0.0.1:1")
    );
    assert!(begun.verifier.is_some());
}

#[test]
fn trek_point_is_asked_with_pkce() {
    let own = "client_id = \"tp\"\noauth_base = \"https://tp.test/base/\"";
    let (query, begun) = begin(
        ServiceId::TrekPoint,
        own,
        "http://127.0.0.1:53682/trek-point",
    );
    assert!(
        begun
            .address
            .as_str()
            .starts_with("https://tp.test/base/oauth/authorize?")
    );
    assert_eq!(query["scope"], "profile activities_read activities_write");
    assert_eq!(query["code_challenge_method"], "S256");
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&begun.verifier.unwrap());
    assert_eq!(query["code_challenge"], challenge.as_str());
}

#[test]
fn basic_is_id_and_secret_as_they_are() {
    let settings = Settings::from_table(
        ServiceId::MapMyTracks,
        Some(&"client_id = \"id\"".parse().unwrap()),
    )
    .unwrap();
    let wire = Wire::new("test", true);
    let secret = Secret::new("s:e/c+r=ü");
    let authority = Authority {
        settings: &settings,
        wire: &wire,
        secret: Some(&secret),
        now: Timestamp::UNIX_EPOCH,
    };
    let basic = authority.basic().unwrap();
    assert!(basic.is_sensitive());
    assert_eq!(
        basic,
        format!("Basic {}", BASE64_STANDARD.encode("id:s:e/c+r=ü"))
    );
}

#[track_caller]
fn check(body: &str, expected: Option<&str>) {
    let answer = Answer {
        status: 200,
        headers: HeaderMap::new(),
        body: body.into(),
    };
    let read = token_answer(&answer).map(|body| String::from_utf8(body).unwrap());
    assert_eq!(read.as_deref(), expected, "{body}");
}

#[test]
fn token_answers_as_servers_give_them() {
    let plain = r#"{"access_token":"a","token_type":"bearer"}"#;
    check(r#"{"access_token":"a"}"#, Some(plain));
    check(
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":null,"expires_in":null,"scope":null}"#,
        Some(plain),
    );
    check(
        r#"{"access_token":"a","token_type":"bearer","refresh_token":""}"#,
        Some(plain),
    );
    let expiring = r#"{"access_token":"a","expires_in":3600,"token_type":"bearer"}"#;
    check(
        r#"{"access_token":"a","expires_in":"3600"}"#,
        Some(expiring),
    );
    check(
        r#"{"access_token":"a","expires_in":3600.5}"#,
        Some(expiring),
    );
    check(r#"{"access_token":"a","expires_in":-5}"#, Some(plain));
    check(
        r#"{"access_token":"a","scope":["x","y"]}"#,
        Some(r#"{"access_token":"a","scope":"x y","token_type":"bearer"}"#),
    );
    for none in [
        "",
        "{}",
        "<html>",
        r#"{"access_token":""}"#,
        r#"{"access_token":5}"#,
        r#"{"access_token":"a","token_type":"mac"}"#,
        "[]",
    ] {
        check(none, None);
    }
}
