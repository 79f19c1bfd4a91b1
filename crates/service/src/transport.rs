//! The network as something that is given in: whoever plays the services carries the requests. Knows no HTTP library.

use std::fmt;
use std::pin::Pin;

use reqwest::header::HeaderMap;
use url::Url;

use crate::Bytes;

/// A request on its way. Its `Debug` says neither what the headers hold nor the query nor the body: tokens are in all of them.
#[derive(Clone)]
pub struct Carried {
    /// `GET`, `POST`.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Names in lower case. The token is among them.
    pub headers: HeaderMap,
    /// All of it.
    pub body: Bytes,
}

/// What came back. Its `Debug` says neither what the headers hold nor the body, which may be new tokens.
#[derive(Clone, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names and values; what no header can hold is left out.
    pub headers: Vec<(String, String)>,
    /// All of it, unpacked.
    pub body: Vec<u8>,
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried")
            .field("method", &self.method)
            .field("path", &self.url.path())
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish()
    }
}

/// Nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// There was no connection: the request has not left.
    NotSent,
    /// The connection broke off: it may have been taken.
    Lost,
}

/// What carries requests in place of the network. It must not need a thread or a timer of its own but tokio's: a client that
/// is given one does nothing aside either, so that the same run is the same each time.
pub trait Transport: Send + Sync {
    /// Carries one request and brings the answer. Dropping the future gives the answer up, not what was already carried.
    fn carry(&self, request: Carried) -> Carrying<'_>;
}

/// A request under way.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<Reply, Broken>> + Send + 'a>>;

#[cfg(test)]
mod tests {
    use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, SET_COOKIE};

    use super::*;
    use crate::answer::Answer;

    /// Once as it is and once as bytes: the ways in which a derived `Debug` shows a text.
    #[track_caller]
    fn check(shown: &str, expected: &str) {
        assert_eq!(shown, expected);
        let bytes = format!("{:?}", b"s3cret");
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(!shown.contains("s3cret") && !shown.contains(bytes));
    }

    #[test]
    fn no_secret_is_shown_on_its_way() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"));
        headers.insert(SET_COOKIE, HeaderValue::from_static("s3cret"));
        let url = "https://user:s3cret@tp.test/oauth/token?code=s3cret#s3cret";
        let carried = Carried {
            method: "POST".into(),
            url: url.parse().unwrap(),
            headers: headers.clone(),
            body: Bytes::from_static(b"refresh_token=s3cret"),
        };
        check(
            &format!("{carried:?}"),
            r#"Carried { method: "POST", path: "/oauth/token", headers: 2, body: 20 }"#,
        );
        let body = br#"{"access_token":"s3cret"}"#.to_vec();
        let reply = Reply {
            status: 200,
            headers: vec![("set-cookie".into(), "s3cret".into())],
            body: body.clone(),
        };
        check(
            &format!("{reply:?}"),
            "Reply { status: 200, headers: 1, body: 25 }",
        );
        let answer = Answer {
            status: 200,
            headers,
            body,
        };
        check(
            &format!("{answer:?}"),
            "Answer { status: 200, headers: 2, body: 25 }",
        );
    }
}
