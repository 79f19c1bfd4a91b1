//! What becomes of one request, and what comes back in place of the service's own answer.

use fastrand::Rng;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::json;
use service::{Reply, ServiceId};

use super::files::BEGINNING_MS;
use super::model::reply;

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Well,
    NotSent,
    /// The connection breaks before it is taken.
    LostBefore,
    /// It is taken, and the connection breaks.
    LostAfter,
    /// It is taken or not, and nothing comes back.
    Silence(bool),
    /// A code and a wait, and whether it was taken before.
    Trouble(u16, Option<Wait>, bool),
    /// Somebody else's page with a good code.
    Page(bool),
    /// JSON with a good code that does not say what was asked for.
    SaysNothing(bool),
    /// It is taken or not, and the program's own task panics.
    Breaks(bool),
    /// The token is not accepted this once.
    TokenRefused,
    /// The sign-in does not allow it.
    ScopeRefused,
    /// Where tokens are given this client is turned away this once: a code, and the word that comes with it.
    ClientRefused(u16, Option<&'static str>),
    /// The client gives up, at once or when its patience ends, and so long after that it is taken.
    Late(bool, u64),
}

/// How long to wait, in seconds, and whether that is told as a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) seconds: u64,
    pub(super) as_date: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Upload,
    List,
    Look,
    Tokens,
    SignOut,
}

/// Somebody else's page.
const HTML: &[u8] = b"<html><title>Welcome to our Wi-Fi</title></html>";

/// How a client is turned away that wants new tokens.
const TURNED_AWAY: [(u16, Option<&str>); 4] = [
    (401, Some("invalid_client")),
    (400, Some("unauthorized_client")),
    (400, None),
    (403, None),
];

impl Fate {
    /// Throws the dice, of which so many of a hundred are bad.
    pub(super) fn thrown(rng: &mut Rng, id: ServiceId, badness: u64, asked: Asked) -> Fate {
        let is_upload = asked == Asked::Upload;
        if rng.u64(0..100) >= badness {
            return Fate::Well;
        }
        let does = rng.bool();
        let wait = rng.bool().then(|| Wait {
            seconds: rng.u64(1..4_000),
            as_date: rng.bool(),
        });
        let fate = match rng.u8(0..16) {
            0 => Fate::NotSent,
            1 => Fate::LostBefore,
            2 | 3 => Fate::LostAfter,
            4 => Fate::Silence(does),
            5 => Fate::Trouble(500, None, does),
            6 => Fate::Trouble(502, wait, does),
            // A gateway says so for a server that fell over while it worked on it, too, with a time or without.
            7 => Fate::Trouble(503, wait, does),
            8 if is_upload && id == ServiceId::TrekPoint && does => {
                Fate::Trouble(303, None, rng.bool())
            }
            8 => Fate::Trouble(429, wait, false),
            9 => Fate::Page(does),
            11 => Fate::Breaks(does),
            10 if is_upload && rng.u8(0..4) == 0 => Fate::Trouble(403, None, false),
            // At Map My Tracks the same would be a word on the file.
            10 if id == ServiceId::TrekPoint && rng.u8(0..4) == 0 => Fate::ScopeRefused,
            12 => Fate::SaysNothing(does),
            13 | 14 if is_upload => {
                let longest = [4_900, 20_000, 600_000][rng.usize(0..3)];
                Fate::Late(does, rng.u64(1..longest))
            }
            _ => Fate::TokenRefused,
        };
        fate.of(rng, asked)
    }

    /// What it is where that is asked for.
    fn of(self, rng: &mut Rng, asked: Asked) -> Fate {
        match (self, asked) {
            // Where tokens are given none is asked for.
            (Fate::TokenRefused | Fate::ScopeRefused, Asked::Tokens) => {
                let (status, word) = TURNED_AWAY[rng.usize(0..TURNED_AWAY.len())];
                Fate::ClientRefused(status, word)
            }
            (Fate::TokenRefused | Fate::ScopeRefused, Asked::SignOut) => Fate::Well,
            // That one activity is shown at all is the sign that it is there.
            (Fate::SaysNothing(does), Asked::Look) => Fate::Page(does),
            (fate, _) => fate,
        }
    }

    /// Whether the client knows for certain whether an upload was taken.
    pub(super) fn is_certain(self, id: ServiceId) -> bool {
        match self {
            Fate::Well | Fate::NotSent | Fate::TokenRefused | Fate::ScopeRefused => true,
            Fate::Trouble(403 | 429, ..) => true,
            // It goes on until it is there, at a service that knows what it has.
            Fate::Trouble(503, ..) => id == ServiceId::MapMyTracks,
            _ => false,
        }
    }

    /// Whether no answer comes.
    pub(super) fn is_lost(self) -> bool {
        let never_came = matches!(self, Fate::NotSent | Fate::LostBefore | Fate::LostAfter);
        never_came || matches!(self, Fate::Silence(_) | Fate::Breaks(_) | Fate::Late(..))
    }

    /// So long the client is asked to wait, in seconds.
    pub(super) fn wait(self) -> Option<u64> {
        match self {
            Fate::Trouble(_, wait, _) => wait.map(|wait| wait.seconds),
            _ => None,
        }
    }

    /// Whether the service does what it is asked, and what is said in place of its own answer.
    pub(super) fn says(self, now_ms: u64) -> (bool, Option<Reply>) {
        match self {
            Fate::Well => (true, None),
            Fate::NotSent
            | Fate::LostBefore
            | Fate::Silence(false)
            | Fate::Breaks(false)
            | Fate::Late(..) => (false, None),
            Fate::LostAfter | Fate::Silence(true) | Fate::Breaks(true) => (true, None),
            Fate::Trouble(status, wait, does) => {
                let headers = wait.map(|wait| wait.headers(now_ms));
                let headers = headers.unwrap_or_default();
                let body = Vec::new();
                (
                    does,
                    Some(Reply {
                        status,
                        headers,
                        body,
                    }),
                )
            }
            Fate::Page(does) => {
                let body = HTML.to_vec();
                let page = Reply {
                    body,
                    ..reply(200, &json!({}))
                };
                (does, Some(page))
            }
            Fate::SaysNothing(does) => (does, Some(reply(200, &json!({"status": "ok"})))),
            Fate::TokenRefused => (false, Some(reply(401, &json!({"error": "invalid_token"})))),
            Fate::ScopeRefused => (
                false,
                Some(reply(403, &json!({"error": "insufficient_scope"}))),
            ),
            Fate::ClientRefused(status, Some(word)) => {
                (false, Some(reply(status, &json!({"error": word}))))
            }
            Fate::ClientRefused(status, None) => {
                let page = Reply {
                    body: HTML.to_vec(),
                    ..reply(status, &json!({}))
                };
                (false, Some(page))
            }
        }
    }
}

impl Wait {
    /// In seconds, or as a date that is to be measured against the service's own.
    fn headers(self, now_ms: u64) -> Vec<(String, String)> {
        if !self.as_date {
            return vec![("retry-after".into(), self.seconds.to_string())];
        }
        let date = |ms: u64| {
            let at = BEGINNING_MS + i64::try_from(ms).unwrap();
            let at = Timestamp::from_millisecond(at).unwrap();
            DateTimePrinter::new()
                .timestamp_to_rfc9110_string(&at)
                .unwrap()
        };
        vec![
            ("date".into(), date(now_ms)),
            ("retry-after".into(), date(now_ms + self.seconds * 1_000)),
        ]
    }
}
