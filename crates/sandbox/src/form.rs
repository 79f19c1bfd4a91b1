//! What clients send: queries, forms, the Authorization header, multipart bodies. Strict; it knows no service.

use axum::{
    body::Bytes,
    extract::{FromRequest, Multipart, Request},
    http::{HeaderMap, header},
};
use base64::{Engine, prelude::BASE64_STANDARD};

/// Named values, each name once.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a query or an urlencoded body; the error names a parameter that comes twice (RFC 6749 §3.1, §3.2).
    pub(crate) fn parse(bytes: &[u8]) -> Result<Form, String> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(bytes) {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(format!("the parameter '{name}' comes twice"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Form(pairs))
    }

    /// Reads the body of a POST to an OAuth endpoint: urlencoded, and nothing in the query.
    pub(crate) fn post(
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Form, String> {
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !kind
            .to_ascii_lowercase()
            .starts_with("application/x-www-form-urlencoded")
        {
            return Err("the body must be application/x-www-form-urlencoded".to_owned());
        }
        if query.is_some_and(|query| !query.is_empty()) {
            return Err("parameters belong into the body, never into the address".to_owned());
        }
        Form::parse(body)
    }

    /// The value of this name; an empty one counts as absent (RFC 6749 §3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// What the Authorization header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Authorization {
    Absent,
    Basic { id: String, secret: String },
    Bearer(String),
    Other,
}

impl Authorization {
    pub(crate) fn of(headers: &HeaderMap) -> Authorization {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Authorization::Absent;
        };
        let Some((scheme, rest)) = value.to_str().ok().and_then(|value| value.split_once(' '))
        else {
            return Authorization::Other;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return Authorization::Bearer(rest.trim().to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Authorization::Other;
        }
        let decoded = BASE64_STANDARD
            .decode(rest.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match decoded.as_deref().and_then(|text| text.split_once(':')) {
            Some((id, secret)) => Authorization::Basic {
                id: id.to_owned(),
                secret: secret.to_owned(),
            },
            None => Authorization::Other,
        }
    }
}

/// The file part of an upload.
#[derive(Debug)]
pub(crate) struct FilePart {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

/// A multipart body: its text fields in order and its one file.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) file: Option<FilePart>,
}

impl Parts {
    /// Reads a `multipart/form-data` body; the error says in words what is wrong with it.
    pub(crate) async fn read(request: Request) -> Result<Parts, String> {
        let mut body = Multipart::from_request(request, &())
            .await
            .map_err(|error| error.body_text())?;
        let mut parts = Parts::default();
        while let Some(field) = body.next_field().await.map_err(|error| error.body_text())? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let bytes = field.bytes().await.map_err(|error| error.body_text())?;
            let known = parts.get(&name).is_some() || (name == "file" && parts.file.is_some());
            if known || name.is_empty() {
                return Err(format!("the field '{name}' comes twice or has no name"));
            }
            match file_name {
                Some(file_name) if name == "file" && !file_name.is_empty() => {
                    parts.file = Some(FilePart {
                        name: file_name,
                        bytes,
                    });
                }
                _ if name == "file" => return Err("the field 'file' has no file name".to_owned()),
                _ => {
                    let text = String::from_utf8(bytes.to_vec())
                        .map_err(|_| format!("the field '{name}' is not UTF-8"))?;
                    parts.fields.push((name, text));
                }
            }
        }
        Ok(parts)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Authorization) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, header.parse().unwrap());
        assert_eq!(Authorization::of(&headers), expected, "{header}");
    }

    #[test]
    fn authorization_is_read_as_it_stands() {
        let basic = format!("Basic {}", BASE64_STANDARD.encode("sandbox:s:e/c+r=é"));
        check(
            &basic,
            Authorization::Basic {
                id: "sandbox".into(),
                secret: "s:e/c+r=é".into(),
            },
        );
        check("bearer abc", Authorization::Bearer("abc".into()));
        check("Basic !!", Authorization::Other);
        check("Digest x", Authorization::Other);
        assert_eq!(Authorization::of(&HeaderMap::new()), Authorization::Absent);
    }

    #[test]
    fn a_parameter_comes_once() {
        assert!(Form::parse(b"code=1&code=2").is_err());
        let form = Form::parse(b"code=a%2Bb&empty=").unwrap();
        assert_eq!((form.get("code"), form.get("empty")), (Some("a+b"), None));
    }
}
