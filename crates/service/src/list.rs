//! A service's list of activities, and one activity's place in it. Knows which entry is which, not which one is wanted.

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use crate::answer::{Answer, clean, id_of};

/// One activity as the service lists it. Every text is untrusted.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteActivity {
    /// What the service calls it; empty where it does not say.
    pub id: String,
    /// Its title.
    pub name: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Seconds.
    pub duration_s: Option<f64>,
    /// The service's word for how far it is.
    pub status: Option<String>,
    /// When the service got it.
    pub created_on: Option<Timestamp>,
}

/// The entries of one page, or `None` when the answer is not a list. An entry that says nothing is an entry all the same: it
/// may be the one that is looked for.
pub(crate) fn entries(json: &Value, items: &str) -> Option<Vec<RemoteActivity>> {
    Some(json.pointer(items)?.as_array()?.iter().map(entry).collect())
}

fn entry(value: &Value) -> RemoteActivity {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(clean);
    let time = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .and_then(|text| text.trim().parse().ok())
    };
    let number = |key: &str| {
        let value = value.get(key)?;
        value
            .as_f64()
            .or_else(|| value.as_str()?.trim().parse().ok())
            .filter(|number: &f64| number.is_finite())
    };
    RemoteActivity {
        id: value.get("id").and_then(id_of).unwrap_or_default(),
        name: text("name"),
        started_at: time("activity_started_at"),
        distance_m: number("distance_m"),
        duration_s: number("duration_s"),
        status: text("status"),
        created_on: time("created_on"),
    }
}

/// The next page, should the service ever have pages: only on the same host, because the token goes there.
pub(crate) fn next_page(answer: &Answer, json: &Value, here: &Url) -> Option<Url> {
    let named = ["/next", "/links/next", "/meta/pagination/next_page_url"]
        .iter()
        .find_map(|pointer| json.pointer(pointer)?.as_str());
    let linked = answer
        .headers
        .get("link")
        .and_then(|link| link.to_str().ok())
        .and_then(next_link);
    let next = here.join(named.or(linked)?).ok()?;
    (next.origin() == here.origin() && next != *here).then_some(next)
}

/// `<address>; rel="next"` out of a `Link` header.
fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (address, about) = link.trim().strip_prefix('<')?.split_once('>')?;
        (about.contains("rel=\"next\"") || about.contains("rel=next")).then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, LINK};

    use super::*;

    #[test]
    fn the_documented_entry_is_read() {
        let json: Value = serde_json::from_str(
            r#"{"activities":[{"id":1201,"name":"Sunday long run","activity_type":"walking","status":"ready",
            "activity_started_at":"2026-03-29T06:30:00+00:00","created_on":"2026-03-29T07:02:12+00:00","distance_m":12984.3,
            "duration_s":4210.0,"tags":["long","easy"]},
            {"id":"7","name":null,"activity_started_at":"2026-03-29","distance_m":"5.5","duration_s":null},{"name":"no id"},3]}"#,
        )
        .unwrap();
        let list = entries(&json, "/activities").unwrap();
        assert_eq!(list.len(), 4);
        assert_eq!(list[0].id, "1201");
        assert_eq!(
            list[0].started_at,
            Some("2026-03-29T06:30:00Z".parse().unwrap())
        );
        assert_eq!(list[0].duration_s, Some(4210.0));
        assert_eq!(list[0].status.as_deref(), Some("ready"));
        assert_eq!(
            (list[1].id.as_str(), list[1].started_at, list[1].distance_m),
            ("7", None, Some(5.5))
        );
        assert_eq!(
            (list[2].id.as_str(), list[2].name.as_deref()),
            ("", Some("no id"))
        );
        assert_eq!((list[3].id.as_str(), list[3].started_at), ("", None));
        assert!(entries(&json, "/routes").is_none());
    }

    #[track_caller]
    fn check_next(link: &str, body: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        if !link.is_empty() {
            headers.insert(LINK, HeaderValue::from_str(link).unwrap());
        }
        let answer = Answer {
            status: 200,
            headers,
            body: Vec::new(),
        };
        let here = Url::parse("https://tp.test/api/v1/activities").unwrap();
        let next = next_page(&answer, &serde_json::from_str(body).unwrap(), &here);
        assert_eq!(next.as_ref().map(Url::as_str), expected, "{link} {body}");
    }

    #[test]
    fn pages_are_followed_on_the_same_host_only() {
        check_next("", "{}", None);
        check_next("", r#"{"next":null}"#, None);
        check_next(
            "",
            r#"{"next":"?page=2"}"#,
            Some("https://tp.test/api/v1/activities?page=2"),
        );
        check_next(
            "",
            r#"{"links":{"next":"/api/v1/activities?page=3"}}"#,
            Some("https://tp.test/api/v1/activities?page=3"),
        );
        check_next(
            "",
            r#"{"meta":{"pagination":{"next_page_url":"https://evil.test/x"}}}"#,
            None,
        );
        check_next(
            "</a?b=1>; rel=\"prev\", </a?b=2>; rel=\"next\"",
            "{}",
            Some("https://tp.test/a?b=2"),
        );
        check_next("<http://tp.test/a>; rel=next", "{}", None);
        check_next("", r#"{"next":"https://tp.test/api/v1/activities"}"#, None);
    }
}
