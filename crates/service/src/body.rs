//! The upload request, in the shape that the descriptor says. Pure but for the multipart boundary. Knows no answer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};
use track::Format;
use url::Url;

use crate::Bytes;
use crate::client::Upload;
use crate::descriptor::{RequestKind, UploadRules};
use crate::secret::Secret;
use crate::wire::Outgoing;

/// Characters of a title that are sent.
const TITLE: usize = 200;
/// Characters of a file name's stem that are sent.
const STEM: usize = 80;

/// What is sent, before it is put in its shape.
struct Parts {
    /// Wire name and value, in order.
    texts: Vec<(String, String)>,
    file_name: String,
    content_type: String,
}

/// The request for one upload, and the counter of its body.
pub(crate) fn request(
    rules: &UploadRules,
    url: &Url,
    token: &Secret,
    upload: &Upload,
) -> Option<(Request, Outgoing)> {
    let parts = parts(rules, upload);
    let mut url = url.clone();
    let (body, content_type) = match rules.kind {
        RequestKind::Multipart => multipart(&rules.fields.file, &parts, &upload.bytes),
        RequestKind::JsonBase64 => (
            json(rules, parts, &upload.bytes)?,
            "application/json".to_owned(),
        ),
        RequestKind::Raw => {
            url.query_pairs_mut().extend_pairs(parts.texts.iter());
            (vec![upload.bytes.clone()], parts.content_type)
        }
    };
    let (body, outgoing) = Outgoing::new(body);
    let mut request = Request::new(if rules.put { Method::PUT } else { Method::POST }, url);
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, bearer(token)?);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&content_type).ok()?);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(outgoing.total()));
    *request.body_mut() = Some(body);
    Some((request, outgoing))
}

/// `Authorization: Bearer …`; `None` for a token that no header can hold.
pub(crate) fn bearer(token: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn parts(rules: &UploadRules, upload: &Upload) -> Parts {
    let fields = &rules.fields;
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut add = |field: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !field.is_empty() && !value.is_empty()) {
            texts.push((field.to_owned(), value));
        }
    };
    add(
        &fields.visibility,
        upload
            .visibility
            .and_then(|visibility| rules.visibility.get(visibility.name()).cloned()),
    );
    add(&fields.kind, activity_type(rules, upload));
    add(&fields.name, upload.name.as_deref().map(title));
    for (name, value) in &rules.extra_fields {
        add(name, Some(value.clone()));
    }
    let content_type = rules
        .content_types
        .get(upload.format.name())
        .map_or("application/octet-stream", String::as_str)
        .to_owned();
    Parts {
        texts,
        file_name: file_name(&upload.file_name, upload.format),
        content_type,
    }
}

/// The service's word for the sport; for an unknown one the catch-all, where the service has one.
fn activity_type(rules: &UploadRules, upload: &Upload) -> Option<String> {
    let own = rules.sports.get(upload.sport.name()).cloned();
    let unknown = upload.sport == track::Sport::Other && rules.type_unless.contains(&upload.format);
    own.or_else(|| (!unknown).then(|| rules.type_otherwise.clone()))
}

/// One line without control characters, at most 200 characters.
fn title(name: &str) -> String {
    let line: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line: String = line
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(TITLE)
        .collect();
    line.trim_end().to_owned()
}

/// Plain ASCII, with the ending that belongs to the format: some servers look at nothing else.
fn file_name(name: &str, format: Format) -> String {
    let lower = name.to_ascii_lowercase();
    let mut end = name.len();
    for ending in [".gz", ".fit", ".gpx", ".tcx"] {
        if lower.get(..end).is_some_and(|left| left.ends_with(ending)) {
            end -= ending.len();
        }
    }
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '-'
        }
    };
    let stem: String = name
        .get(..end)
        .unwrap_or_default()
        .chars()
        .map(plain)
        .take(STEM)
        .collect();
    let stem = stem.trim_matches(['.', '-']);
    format!(
        "{}.{}",
        if stem.is_empty() { "activity" } else { stem },
        format.extension()
    )
}

/// Texts first, then the file: a server that reads as it comes knows all about the file before it arrives.
fn multipart(file_field: &str, parts: &Parts, bytes: &Bytes) -> (Vec<Bytes>, String) {
    let boundary = format!(
        "trackdock-{}",
        oauth2::CsrfToken::new_random_len(24).secret()
    );
    let mut head = String::new();
    for (name, value) in &parts.texts {
        head += &format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    head += &format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{file_field}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        parts.file_name, parts.content_type
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    (
        vec![Bytes::from(head), bytes.clone(), Bytes::from(tail)],
        format!("multipart/form-data; boundary={boundary}"),
    )
}

fn json(rules: &UploadRules, parts: Parts, bytes: &Bytes) -> Option<Vec<Bytes>> {
    let mut object: serde_json::Map<String, serde_json::Value> = parts
        .texts
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let named = |name: &str, otherwise: &str| {
        if name.is_empty() {
            otherwise.to_owned()
        } else {
            name.to_owned()
        }
    };
    object.insert(
        named(&rules.fields.filename, "filename"),
        parts.file_name.into(),
    );
    object.insert(
        named(&rules.fields.data, "data"),
        BASE64_STANDARD.encode(bytes).into(),
    );
    Some(vec![Bytes::from(serde_json::to_vec(&object).ok()?)])
}

#[cfg(test)]
mod tests {
    use track::Sport;

    use super::*;
    use crate::settings::{ServiceId, Settings, Visibility};

    #[track_caller]
    fn check_name(name: &str, format: Format, expected: &str) {
        assert_eq!(file_name(name, format), expected, "{name}");
    }

    #[test]
    fn file_names_are_plain() {
        check_name("2026-03-29-run.fit", Format::Fit, "2026-03-29-run.fit");
        check_name("2026-03-29-run.fit.gz", Format::Fit, "2026-03-29-run.fit");
        check_name("Tour.TCX", Format::Gpx, "Tour.gpx");
        check_name(
            "Überfahrt \"x\"\r\nA: b.gpx",
            Format::Gpx,
            "berfahrt--x---A--b.gpx",
        );
        check_name("../../etc/passwd", Format::Fit, "etc-passwd.fit");
        check_name("", Format::Tcx, "activity.tcx");
        check_name(".fit", Format::Fit, "activity.fit");
        check_name("走る.fit", Format::Fit, "activity.fit");
        assert_eq!(file_name(&"x".repeat(300), Format::Fit).len(), STEM + 4);
    }

    #[test]
    fn titles_are_one_line() {
        assert_eq!(title(" a\r\n--b \u{7} c "), "a --b c");
        assert_eq!(title("\n"), "");
        assert_eq!(title(&"ü".repeat(500)).chars().count(), TITLE);
    }

    #[track_caller]
    fn check_type(id: ServiceId, sport: Sport, format: Format, expected: Option<&str>) {
        let settings = Settings::from_table(id, None).unwrap();
        let upload = Upload {
            file_name: "a".into(),
            format,
            bytes: Bytes::new(),
            name: None,
            sport,
            visibility: Some(Visibility::Private),
        };
        let texts = parts(&settings.descriptor.upload, &upload).texts;
        assert_eq!(
            texts
                .iter()
                .find(|(name, _)| name == "activity_type")
                .map(|(_, value)| value.as_str()),
            expected,
            "{sport:?}"
        );
        assert_eq!(
            texts
                .iter()
                .any(|(name, value)| name == "status" && value == "private"),
            id == ServiceId::MapMyTracks
        );
    }

    #[test]
    fn sports_have_the_services_words() {
        use ServiceId::{MapMyTracks, TrekPoint};
        check_type(MapMyTracks, Sport::Running, Format::Fit, Some("running"));
        check_type(
            MapMyTracks,
            Sport::MountainBiking,
            Format::Gpx,
            Some("mountain biking"),
        );
        check_type(MapMyTracks, Sport::Golf, Format::Gpx, Some("miscellaneous"));
        check_type(MapMyTracks, Sport::Golf, Format::Fit, Some("miscellaneous"));
        check_type(
            MapMyTracks,
            Sport::Other,
            Format::Tcx,
            Some("miscellaneous"),
        );
        check_type(MapMyTracks, Sport::Other, Format::Fit, None);
        check_type(TrekPoint, Sport::Walking, Format::Fit, Some("walking"));
        check_type(TrekPoint, Sport::Golf, Format::Gpx, None);
        check_type(TrekPoint, Sport::Other, Format::Gpx, None);
    }
}
