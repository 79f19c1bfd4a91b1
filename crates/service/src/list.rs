//! A service's list of activities, and one activity's place in it. Knows which entry is which, not which one is wanted.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::LINK;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::answer::{Answer, clean, id_of};
use crate::redact::Redactor;

/// More pages than this are no list.
const PAGES: usize = 2_000;
/// Nor are more bytes than this, of all pages.
const BYTES: usize = 64 << 20;

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
    /// What that word says of the file that it was sent.
    pub progress: Progress,
    /// When the service got it.
    pub created_on: Option<Timestamp>,
}

impl RemoteActivity {
    /// Its texts are kept and told: a service that gives back what it knows of us must not get it there.
    pub(crate) fn without(self, redactor: &Redactor) -> Self {
        let clean = |text: String| redactor.clean(&text);
        Self {
            id: clean(self.id),
            name: self.name.map(clean),
            status: self.status.map(clean),
            ..self
        }
    }
}

/// How far a service is with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is done with it, or says nothing: there is an activity.
    Done,
    /// It works on it: whether there will be an activity is not known yet.
    Working,
    /// It could not use it: there is no activity.
    Failed,
}

/// The entries of one page, or `None` when the answer is not a list. An entry that says nothing is an entry all the same: it
/// may be the one that is looked for.
pub(crate) fn entries(
    json: &Value,
    items: &str,
    progress: impl Fn(Option<&str>) -> Progress,
) -> Option<Vec<RemoteActivity>> {
    let all = json.pointer(items)?.as_array()?.iter();
    let told = |value| {
        let entry = entry(value);
        RemoteActivity {
            progress: progress(entry.status.as_deref()),
            ..entry
        }
    };
    Some(all.map(told).collect())
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
        progress: Progress::Done,
        created_on: time("created_on"),
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This was all.
    End,
    /// There.
    Page(Url),
    /// It says that it goes on, but not where it may be followed: without the rest it is no list.
    Astray,
}

/// The next page, should the service ever have pages: only on the same host, because the token goes there. A page that cannot
/// be followed is told: an activity that stands there must not look as if it were not there.
pub(crate) fn next_page(answer: &Answer, json: &Value, here: &Url) -> Next {
    let named = ["/next", "/links/next", "/meta/pagination/next_page_url"]
        .iter()
        .filter_map(|pointer| json.pointer(pointer))
        .find(|value| !says_nothing(value));
    let linked = || {
        let mut links = answer.headers.get_all(LINK).iter();
        links.find_map(|link| next_link(&String::from_utf8_lossy(link.as_bytes())))
    };
    let address = match named {
        Some(Value::String(address)) => address.clone(),
        Some(_) => return Next::Astray,
        None => match linked() {
            Some(address) => address,
            None => return Next::End,
        },
    };
    match here.join(&address) {
        Ok(next) if next.origin() == here.origin() && next != *here => Next::Page(next),
        _ => Next::Astray,
    }
}

/// The pages of one list that were read so far.
pub(crate) struct Pages {
    begun: Instant,
    longest: Duration,
    seen: HashSet<Url>,
    bytes: usize,
}

impl Pages {
    /// Of a list that begins here and may take so long.
    pub(crate) fn from(first: Url, longest: Duration) -> Self {
        Self {
            begun: Instant::now(),
            longest,
            seen: HashSet::from([first]),
            bytes: 0,
        }
    }

    /// The next page, after this one was read; or why the list is none that can be read.
    pub(crate) fn turned(&mut self, page: &Answer, next: Url) -> Result<Url, String> {
        self.bytes += page.body.len();
        let what = if !self.seen.insert(next.clone()) {
            "it goes round in a circle"
        } else if self.seen.len() > PAGES {
            "it does not end"
        } else if self.bytes > BYTES {
            "it is far too long"
        } else if self.begun.elapsed() > self.longest {
            // What is put together of answers too far apart is no picture of one moment.
            "it takes far too long to read"
        } else {
            return Ok(next);
        };
        Err(what.to_owned())
    }
}

/// How a service says that there is no next page.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// `<address>; rel="next"` out of a `Link` header (RFC 8288). An address may hold a comma, a quoted text anything.
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let (_, link) = rest.split_once('<')?;
        let (address, about) = link.split_once('>')?;
        let (about, after) = about.split_at(end_of_link(about));
        if about.split(';').any(is_next) {
            return Some(address.to_owned());
        }
        rest = after;
    }
}

/// Up to the comma before the next link.
fn end_of_link(about: &str) -> usize {
    let mut quoted = false;
    let ends = |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    about.find(ends).unwrap_or(about.len())
}

/// `rel=next`, `rel="last next"`.
fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let mut relations = value
        .trim()
        .trim_matches(['"', '\''])
        .split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel")
        && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

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
        let progress = |status: Option<&str>| match status {
            None => Progress::Failed,
            Some(_) => Progress::Working,
        };
        let list = entries(&json, "/activities", progress).unwrap();
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
        let told: Vec<Progress> = list.iter().map(|entry| entry.progress).collect();
        let [working, failed] = [Progress::Working, Progress::Failed];
        assert_eq!(told, [working, failed, failed, failed]);
        assert!(entries(&json, "/routes", progress).is_none());
    }

    fn next(links: &[&str], body: &str) -> Next {
        let mut headers = HeaderMap::new();
        for link in links {
            headers.append(LINK, HeaderValue::from_str(link).unwrap());
        }
        let answer = Answer {
            status: 200,
            headers,
            body: Vec::new(),
        };
        let here = Url::parse("https://tp.test/api/v1/activities").unwrap();
        next_page(&answer, &serde_json::from_str(body).unwrap(), &here)
    }

    #[track_caller]
    fn check_named(body: &str, expected: Option<&str>) {
        let page = expected.map(|address| Next::Page(Url::parse(address).unwrap()));
        assert_eq!(next(&[], body), page.unwrap_or(Next::End), "{body}");
    }

    #[track_caller]
    fn check_linked(links: &[&str], expected: Option<&str>) {
        let page = expected.map(|address| Next::Page(Url::parse(address).unwrap()));
        assert_eq!(next(links, "{}"), page.unwrap_or(Next::End), "{links:?}");
    }

    #[test]
    fn pages_are_followed_on_the_same_host() {
        for none in [
            "{}",
            r#"{"next":null}"#,
            r#"{"next":false}"#,
            r#"{"next":" ","links":{"next":""}}"#,
        ] {
            check_named(none, None);
        }
        check_named(
            r#"{"next":"?page=2"}"#,
            Some("https://tp.test/api/v1/activities?page=2"),
        );
        check_named(
            r#"{"next":null,"links":{"next":"/api/v1/activities?page=3"}}"#,
            Some("https://tp.test/api/v1/activities?page=3"),
        );
    }

    #[test]
    fn pages_that_a_header_names_are_found() {
        let page = Some("https://tp.test/a?b=2");
        check_linked(&["</a?b=1>; rel=\"prev\", </a?b=2>; rel=\"next\""], page);
        check_linked(&["</a?b=1>; rel=\"prev\"", "</a?b=2>; rel=\"next\""], page);
        check_linked(&["</a?b=2>; title=\"<a, b>\" ; REL = 'last next'"], page);
        check_linked(&["</a?b=1,2>; rel=next"], Some("https://tp.test/a?b=1,2"));
        for none in [
            "",
            "next",
            "</a>; rel=prev",
            "</a>; rev=next, <",
            "</a>; rel=nextish",
        ] {
            check_linked(&[none], None);
        }
    }

    #[test]
    fn a_page_that_is_not_followed_is_told() {
        for astray in [
            r#"{"meta":{"pagination":{"next_page_url":"https://evil.test/x"}}}"#,
            r#"{"next":"https://tp.test/api/v1/activities"}"#,
            r#"{"next":"/api/v1/activities"}"#,
            r#"{"next":"http://tp.test/api/v1/activities?page=2"}"#,
            r#"{"next":"https://tp.test:8443/api/v1/activities?page=2"}"#,
            r#"{"next":"//"}"#,
            r#"{"next":2}"#,
            r#"{"next":true}"#,
            r#"{"links":{"next":{"href":"?page=2"}}}"#,
            r#"{"next":"https://evil.test/","links":{"next":"?page=2"}}"#,
        ] {
            assert_eq!(next(&[], astray), Next::Astray, "{astray}");
        }
        for astray in ["<http://tp.test/a>; rel=next", "<>; rel=next"] {
            assert_eq!(next(&[astray], "{}"), Next::Astray, "{astray}");
        }
    }
}
