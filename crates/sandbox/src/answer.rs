//! How answers are written: JSON, pages of HTML, redirects, OAuth errors.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};

/// An answer that ends a request early; boxed, for it is far larger than what it stands in for.
pub(crate) type Refusal = Box<Response>;

/// JSON with a status.
pub(crate) fn json_answer(status: u16, body: Value) -> Response {
    (code(status), Json(body)).into_response()
}

pub(crate) fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// JSON that no cache may hold, as RFC 6749 §5.1 wants it.
pub(crate) fn unstored(status: u16, body: Value) -> Response {
    with_header(json_answer(status, body), header::CACHE_CONTROL, "no-store")
}

/// An error of an OAuth endpoint (RFC 6749 §5.2).
pub(crate) fn oauth_error(status: u16, error: &str, description: &str) -> Response {
    unstored(
        status,
        json!({"error": error, "error_description": description}),
    )
}

/// The same answer with one more header; a value that no header can hold is left out.
pub(crate) fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// A page in the plain style of the sandbox; `body` is HTML, `title` text.
pub(crate) fn page(status: u16, title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    );
    let response = with_header(
        (code(status), Html(html)).into_response(),
        header::CACHE_CONTROL,
        "no-store",
    );
    with_header(
        response,
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )
}

const STYLE: &str = ":root{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif}\
body{margin:0;display:grid;place-items:center;min-height:100vh}\
main{max-width:26rem;padding:24px}\
h1{font-size:20px;font-weight:600}\
fieldset{border:1px solid;border-radius:8px;padding:12px;margin:16px 0}\
label{display:block;padding:6px 0}\
button{font:inherit;min-height:44px;padding:8px 24px;margin-right:8px;border-radius:8px;border:1px solid}\
#allow{font-weight:600}";

/// Text that stands in HTML as it is.
pub(crate) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// Sends the browser on to this address with these parameters added.
pub(crate) fn redirect(status: u16, uri: &str, parameters: &[(&str, &str)]) -> Response {
    let Ok(mut target) = url::Url::parse(uri) else {
        return page(
            400,
            "This sign-in can't go on",
            "<p>The registered redirect address is not an address.</p>",
        );
    };
    target.query_pairs_mut().extend_pairs(parameters);
    with_header(
        code(status).into_response(),
        header::LOCATION,
        target.as_str(),
    )
}
