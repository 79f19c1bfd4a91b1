//! A list in pages comes whole or not at all: what stands on a page that was not read would be sent again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;

use std::sync::Arc;

use axum::http::header::LINK;
use axum::response::Response;
use common::{Fake, Seen, client, json, now, settings, signed_in};
use service::{Client, Outcome, ServiceId, SessionStore};

const TP: ServiceId = ServiceId::TrekPoint;
const LIST: &str = "/api/v1/activities";
/// More pages than these are not read.
const PAGES: usize = 2_000;

fn ready(port: u16) -> (Client, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SessionStore::new());
    signed_in(store.as_ref(), TP, "a1", None, None);
    let client = client(settings(TP, port, ""), store, folder.path());
    (client, folder)
}

/// The page that is asked for.
fn page(seen: &Seen) -> usize {
    seen.query
        .strip_prefix("page=")
        .map_or(1, |page| page.parse().unwrap())
}

/// Page 1 names the next one so; every other page is the last.
async fn naming(link: &str, next: &str) -> Fake {
    let (link, next) = (link.to_owned(), next.to_owned());
    Fake::start(move |seen| {
        if seen.path != LIST {
            return json(404, r#"{"error":"not_found"}"#);
        }
        if page(seen) > 1 {
            return json(200, r#"{"activities":[{"id":5,"status":"ready"}]}"#);
        }
        let mut answer = json(
            200,
            format!(r#"{{"activities":[{{"id":4,"status":"ready"}}],"next":{next}}}"#),
        );
        if !link.is_empty() {
            answer.headers_mut().append(LINK, link.parse().unwrap());
        }
        answer
    })
    .await
}

#[track_caller]
fn unread(outcome: Outcome, case: &str) -> String {
    match outcome {
        Outcome::NoList(what) => what,
        other => panic!("{case}: {other:?}"),
    }
}

#[tokio::test]
async fn a_list_that_goes_on_elsewhere_is_no_list() {
    let elsewhere = Fake::start(|_| json(200, r#"{"activities":[]}"#)).await;
    let other = format!(
        "http://127.0.0.1:{}/api/v1/activities?page=2",
        elsewhere.port
    );
    for (link, next) in [
        ("", format!("\"{other}\"")),
        (
            "",
            "\"https://tp.example/api/v1/activities?page=2\"".to_owned(),
        ),
        ("", "\"/api/v1/activities\"".to_owned()),
        ("", "\"file:///etc/passwd\"".to_owned()),
        ("", "2".to_owned()),
        (&format!("<{other}>; rel=\"next\""), "null".to_owned()),
        ("</api/v1/activities>; rel=\"next\"", "null".to_owned()),
    ] {
        let case = format!("{link} {next}");
        let fake = naming(link, &next).await;
        let (client, _folder) = ready(fake.port);
        let what = unread(client.list(&now).await.unwrap_err(), &case);
        assert_eq!(what, "it goes on where it cannot be followed");
        // Nor is one that is not on the first page gone.
        let asked = client.poll("5", false, &now).await;
        unread(asked, &case);
        assert_eq!(fake.seen(LIST).len(), 2, "{case}");
    }
    assert!(elsewhere.seen(LIST).is_empty());
}

#[tokio::test]
async fn a_list_of_two_pages_is_whole() {
    for (link, next) in [
        ("", "\"?page=2\""),
        ("</api/v1/activities?page=2>; rel=\"next\"", "\"\""),
    ] {
        let fake = naming(link, next).await;
        let (client, _folder) = ready(fake.port);
        let list = client.list(&now).await.unwrap();
        let ids: Vec<_> = list.iter().map(|activity| activity.id.as_str()).collect();
        assert_eq!(ids, ["4", "5"], "{link} {next}");
    }
}

/// A server of so many pages, or of pages without end.
async fn pages(last: usize) -> Fake {
    Fake::start(move |seen| {
        let page = page(seen);
        let next = if page < last {
            format!("\"?page={}\"", page + 1)
        } else {
            "null".to_owned()
        };
        json(
            200,
            format!(r#"{{"activities":[{{"id":{page}}}],"next":{next}}}"#),
        )
    })
    .await
}

#[tokio::test]
async fn a_list_of_more_pages_than_are_read_is_no_list() {
    let fake = pages(PAGES).await;
    let (client, _folder) = ready(fake.port);
    assert_eq!(client.list(&now).await.unwrap().len(), PAGES);
    for last in [PAGES + 1, usize::MAX] {
        let fake = pages(last).await;
        let (client, _folder) = ready(fake.port);
        let what = unread(client.list(&now).await.unwrap_err(), "too many pages");
        assert_eq!(what, "it does not end");
        assert_eq!(fake.seen(LIST).len(), PAGES);
    }
}

#[tokio::test]
async fn pages_in_a_circle_are_no_list() {
    let fake = Fake::start(|seen| {
        let next = 3 - page(seen).clamp(1, 2);
        let body = format!(r#"{{"activities":[{{"id":4}}],"next":"?page={next}"}}"#);
        json(200, body)
    })
    .await;
    let (client, _folder) = ready(fake.port);
    let what = unread(client.list(&now).await.unwrap_err(), "a circle");
    assert_eq!(what, "it goes round in a circle");
    assert_eq!(fake.seen(LIST).len(), 3);
}

/// A second page that cannot be read takes the first with it.
#[tokio::test]
async fn a_list_without_its_second_page_is_no_list() {
    let second: [fn() -> Response; 4] = [
        || json(200, r#"{"activities":null}"#),
        || json(200, "<html>"),
        || json(500, ""),
        || json(503, ""),
    ];
    for second in second {
        let fake = Fake::start(move |seen| {
            if page(seen) > 1 {
                second()
            } else {
                json(200, r#"{"activities":[{"id":4}],"next":"?page=2"}"#)
            }
        })
        .await;
        let (client, _folder) = ready(fake.port);
        assert!(client.list(&now).await.is_err());
    }
}

/// It would be kept as the number of an upload, and told in its story.
#[tokio::test]
async fn a_list_that_repeats_our_token_does_not_get_it_through() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        LIST => {
            let one =
                r#"{"id":"x-token-of-ours","status":"error token-of-ours","name":"token-of-ours"}"#;
            json(200, format!(r#"{{"activities":[{one}]}}"#))
        }
        _ => json(500, r#"{"error":"odd"}"#),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SessionStore::new());
    signed_in(store.as_ref(), TP, "token-of-ours", None, None);
    let client = client(settings(TP, fake.port, ""), store, folder.path());
    let list = client.list(&now).await.unwrap();
    assert_eq!(list.len(), 1);
    assert!(!format!("{list:?}").contains("token-of-ours"), "{list:?}");
    let told = client.poll(&list[0].id, true, &now).await;
    assert!(!format!("{told:?}").contains("token-of-ours"), "{told:?}");
}
