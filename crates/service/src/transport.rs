//! The network as something that is given in: whoever plays the services carries the requests. Knows no HTTP library.

use std::pin::Pin;

use reqwest::header::HeaderMap;
use url::Url;

use crate::Bytes;

/// A request on its way.
#[derive(Clone, Debug)]
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

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names and values; what no header can hold is left out.
    pub headers: Vec<(String, String)>,
    /// All of it, unpacked.
    pub body: Vec<u8>,
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
