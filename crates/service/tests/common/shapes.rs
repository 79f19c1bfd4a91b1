//! Both services' answers that break off in the tests, and what must come of each.

use service::ServiceId::{self, MapMyTracks, TrekPoint};

use crate::told::Asked;

pub(crate) const MMT_UPLOAD: &str = "POST /api3/uploadActivity";
pub(crate) const TP_UPLOAD: &str = "POST /api/v1/activities";
pub(crate) const TP_LIST: &str = "GET /api/v1/activities";
pub(crate) const TP_SECOND_PAGE: &str = "GET /api/v1/activities?page=2";
pub(crate) const TP_DETAIL: &str = "GET /api/v1/activities/5";
pub(crate) const TP_TOKEN: &str = "POST /oauth/token";
pub(crate) const MMT_TOKEN: &str = "POST /api3/oauth/token";
pub(crate) const TP_REVOKE: &str = "POST /oauth/revoke";
pub(crate) const MMT_REVOKE: &str = "POST /api3/oauth/revoke";

pub(crate) const READY: &str = r#"{"id":5,"status":"ready"}"#;
pub(crate) const TOKENS: &str =
    r#"{"access_token":"a2","token_type":"Bearer","expires_in":3600,"refresh_token":"r2"}"#;
pub(crate) const LIST: &str = r#"{"activities":[{"id":4,"name":"é","activity_started_at":"2026-03-29T06:30:00Z","distance_m":10000.5,"duration_s":3600,"status":"ready","created_on":"2026-03-30T00:00:00Z"},{"id":5,"status":"ready"}]}"#;
pub(crate) const FIRST_PAGE: &str =
    r#"{"activities":[{"id":3,"status":"ready"}],"next":"/api/v1/activities?page=2"}"#;
pub(crate) const EMPTY_LIST: &str = r#"{"activities":[]}"#;

/// One answer that is cut, and what must come of it.
pub(crate) struct Shape {
    pub(crate) service: ServiceId,
    pub(crate) asked: Asked,
    /// The request whose answer is cut.
    pub(crate) cut: &'static str,
    pub(crate) status: &'static str,
    pub(crate) body: &'static str,
    /// What else is asked on the way, and how it is answered: the nth time by the nth.
    pub(crate) others: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    /// The whole answer came.
    pub(crate) whole: &'static str,
    /// It broke off.
    pub(crate) lost: &'static str,
    /// Its head came, and a body that seemed whole because nothing said how long it is.
    pub(crate) torn: &'static str,
    /// Uploads sent, at most.
    pub(crate) uploads: usize,
}

const PLAIN: Shape = Shape {
    service: TrekPoint,
    asked: Asked::Upload,
    cut: TP_UPLOAD,
    status: "200 OK",
    body: READY,
    others: &[],
    whole: "created 5",
    lost: "unknown",
    torn: "unknown",
    uploads: 1,
};

pub(crate) const REFUSED_TOKEN: &str = r#"{"error":"invalid_token","message":"it has ended"}"#;

pub(crate) const SHAPES: [Shape; 23] = [
    PLAIN,
    Shape {
        service: MapMyTracks,
        cut: MMT_UPLOAD,
        body: r#"{"function":"uploadActivity","activity_id":1234567,"status":"new"}"#,
        whole: "created 1234567",
        ..PLAIN
    },
    Shape {
        status: "202 Accepted",
        body: r#"{"activity":{"id":5,"status":"processing"}}"#,
        whole: "processing 5",
        ..PLAIN
    },
    Shape {
        status: "201 Created\r\nLocation: /api/v1/activities/5",
        body: "{}",
        whole: "processing 5",
        // The head says what it is called: it was taken.
        torn: "processing 5",
        ..PLAIN
    },
    Shape {
        status: "409 Conflict",
        body: r#"{"error":"duplicate_activity","detail":{"id":"a-7"}}"#,
        whole: "existing a-7",
        torn: "existing",
        ..PLAIN
    },
    Shape {
        service: MapMyTracks,
        cut: MMT_UPLOAD,
        status: "403 Forbidden",
        body: r#"{"function":"uploadActivity","error":"invalid_file","message":"no track in it"}"#,
        whole: "refused",
        torn: "blocked",
        ..PLAIN
    },
    Shape {
        status: "422 Unprocessable Content",
        body: r#"{"error":"invalid_file","message":"no points"}"#,
        whole: "refused",
        torn: "refused",
        ..PLAIN
    },
    Shape {
        status: "429 Too Many Requests\r\nRetry-After: 30",
        body: r#"{"error":"rate_limited"}"#,
        whole: "throttled 30",
        torn: "throttled 30",
        ..PLAIN
    },
    // The answer that the token has ended is cut at each byte; the refresh, and what follows, is whole.
    Shape {
        status: "401 Unauthorized",
        body: REFUSED_TOKEN,
        others: &[(TP_TOKEN, &[("200 OK", TOKENS)])],
        whole: "needs sign-in",
        torn: "needs sign-in",
        uploads: 2,
        ..PLAIN
    },
    Shape {
        cut: TP_TOKEN,
        body: TOKENS,
        others: &[(
            TP_UPLOAD,
            &[("401 Unauthorized", REFUSED_TOKEN), ("200 OK", READY)],
        )],
        lost: "transient",
        torn: "transient",
        uploads: 2,
        ..PLAIN
    },
    Shape {
        cut: TP_TOKEN,
        status: "400 Bad Request",
        body: r#"{"error":"invalid_grant"}"#,
        others: &[(TP_UPLOAD, &[("401 Unauthorized", REFUSED_TOKEN)])],
        whole: "needs sign-in",
        lost: "transient",
        torn: "blocked",
        ..PLAIN
    },
    Shape {
        asked: Asked::Poll,
        cut: TP_DETAIL,
        others: &[(TP_LIST, &[("200 OK", EMPTY_LIST)])],
        lost: "transient",
        // The list, which has none, is of the same moment: it is still on its way.
        torn: "processing 5",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::Poll,
        cut: TP_DETAIL,
        status: "404 Not Found",
        body: r#"{"error":"not_found"}"#,
        others: &[(TP_LIST, &[("200 OK", EMPTY_LIST)])],
        whole: "vanished",
        lost: "transient",
        torn: "vanished",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::List,
        cut: TP_LIST,
        body: LIST,
        whole: "list of 2",
        lost: "transient",
        torn: "transient",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::SignIn,
        cut: TP_TOKEN,
        body: TOKENS,
        others: &[("GET /oauth/profile", &[("200 OK", r#"{"id":42}"#)])],
        whole: "signed in, 42",
        lost: "unreachable",
        torn: "unreachable",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::SignIn,
        cut: "GET /oauth/profile",
        body: r#"{"id":42,"email":"x@y.z","username":"trailrunner"}"#,
        others: &[(TP_TOKEN, &[("200 OK", TOKENS)])],
        whole: "signed in, 42",
        // Not knowing who it is is no reason to undo a sign-in.
        lost: "signed in",
        torn: "signed in",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        service: MapMyTracks,
        asked: Asked::SignOut,
        cut: MMT_REVOKE,
        body: "{}",
        whole: "signed out",
        lost: "signed out here",
        torn: "signed out",
        uploads: 0,
        ..PLAIN
    },
    Shape {
        asked: Asked::SignOut,
        cut: TP_REVOKE,
        body: "{}",
        whole: "signed out",
        lost: "signed out here",
        torn: "signed out",
        uploads: 0,
        ..PLAIN
    },
    // The old refresh token is dead as soon as this answer is under way.
    Shape {
        service: MapMyTracks,
        cut: MMT_TOKEN,
        body: TOKENS,
        others: &[(
            MMT_UPLOAD,
            &[
                ("401 Unauthorized", REFUSED_TOKEN),
                ("200 OK", r#"{"activity_id":5}"#),
            ],
        )],
        lost: "transient",
        torn: "transient",
        uploads: 2,
        ..PLAIN
    },
    Shape {
        service: MapMyTracks,
        asked: Asked::SignIn,
        cut: MMT_TOKEN,
        body: TOKENS,
        whole: "signed in",
        lost: "unreachable",
        torn: "unreachable",
        uploads: 0,
        ..PLAIN
    },
    // An upload that its detail does not tell of is looked for in the list: a part of the list says nothing.
    Shape {
        asked: Asked::Poll,
        cut: TP_LIST,
        body: LIST,
        others: &[(TP_DETAIL, &[("404 Not Found", r#"{"error":"not_found"}"#)])],
        lost: "transient",
        torn: "transient",
        uploads: 0,
        ..PLAIN
    },
    // A list whose further page breaks off is no list, not one of what came before it.
    Shape {
        asked: Asked::List,
        cut: TP_SECOND_PAGE,
        body: LIST,
        others: &[(TP_LIST, &[("200 OK", FIRST_PAGE)])],
        whole: "list of 3",
        lost: "transient",
        torn: "transient",
        uploads: 0,
        ..PLAIN
    },
    // And without the name of the further page the first is none either.
    Shape {
        asked: Asked::List,
        cut: TP_LIST,
        body: FIRST_PAGE,
        others: &[(TP_SECOND_PAGE, &[("200 OK", LIST)])],
        whole: "list of 3",
        lost: "transient",
        torn: "transient",
        uploads: 0,
        ..PLAIN
    },
];
