//! What is known or assumed about a service, as data: how to sign in, upload, read answers, poll and list.
//! Knows where the facts stand (`descriptors/*.toml`), not what they mean for an upload.

use std::collections::BTreeMap;

use track::Format;

use crate::settings::SettingsError;
use crate::table::Keys;

/// How the client shows who it is at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    /// HTTP Basic with id and secret as they are.
    Basic,
    /// First without, and on 401 once with Basic.
    NoneThenBasic,
    /// Only `client_id`, in the body.
    BodyId,
    /// `client_id` and `client_secret` in the body.
    BodySecret,
    /// Not at all.
    None,
}

/// `[oauth]`
#[derive(Clone, Debug)]
pub(crate) struct OAuthRules {
    pub(crate) authorize: String,
    pub(crate) token: String,
    pub(crate) revoke: String,
    pub(crate) profile: String,
    pub(crate) token_auth: ClientAuth,
    pub(crate) revoke_auth: ClientAuth,
    pub(crate) revoke_access_hint: String,
    pub(crate) revoke_refresh_hint: String,
    pub(crate) pkce: bool,
    /// A refresh kills the old refresh token even when no new one comes.
    pub(crate) always_rotates: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) default_expires_in: u64,
    pub(crate) refresh_skew_s: u64,
    pub(crate) extra_authorize: BTreeMap<String, String>,
}

/// The shape of an upload request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// `multipart/form-data` with a file part.
    Multipart,
    /// One JSON object with the file in base64.
    JsonBase64,
    /// The file as the body, the rest in the query.
    Raw,
}

/// Wire names of what an upload says; an empty name is not sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) visibility: String,
    pub(crate) filename: String,
    pub(crate) data: String,
}

/// `[upload]`
#[derive(Clone, Debug)]
pub(crate) struct UploadRules {
    pub(crate) put: bool,
    pub(crate) path: String,
    pub(crate) kind: RequestKind,
    pub(crate) formats: Vec<Format>,
    pub(crate) else_convert_to: Format,
    pub(crate) fields: Fields,
    pub(crate) visibility: BTreeMap<String, String>,
    pub(crate) content_types: BTreeMap<String, String>,
    pub(crate) type_unless: Vec<Format>,
    pub(crate) type_otherwise: String,
    pub(crate) extra_fields: BTreeMap<String, String>,
    pub(crate) sports: BTreeMap<String, String>,
    pub(crate) max_bytes: u64,
}

/// `[response]`: pointers are JSON pointers, or `header:Name`.
#[derive(Clone, Debug)]
pub(crate) struct ResponseRules {
    pub(crate) ok: Vec<u16>,
    pub(crate) id: Vec<String>,
    pub(crate) status: Vec<String>,
    pub(crate) ready: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) duplicate_http: Vec<u16>,
    pub(crate) duplicate_in: Vec<String>,
    pub(crate) duplicate_words: Vec<String>,
    pub(crate) error_code: Vec<String>,
    pub(crate) error_text: Vec<String>,
    pub(crate) permanent_http: Vec<u16>,
    pub(crate) forbidden_is_refusal: bool,
    pub(crate) token_codes: Vec<String>,
    pub(crate) scope_codes: Vec<String>,
    pub(crate) not_ready_code: String,
    pub(crate) link: String,
    /// Without polling, an accepted upload is done.
    pub(crate) synchronous: bool,
}

/// `[reconcile]`, and where to poll.
#[derive(Clone, Debug)]
pub(crate) struct LookRules {
    pub(crate) poll_path: Option<String>,
    pub(crate) list_path: Option<String>,
    pub(crate) items: String,
    pub(crate) server_dedups: bool,
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Descriptor {
    pub(crate) oauth: OAuthRules,
    pub(crate) upload: UploadRules,
    pub(crate) response: ResponseRules,
    pub(crate) look: LookRules,
}

impl Descriptor {
    pub(crate) fn read(keys: &Keys<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            oauth: oauth(keys)?,
            upload: upload(keys)?,
            response: response(keys)?,
            look: look(keys)?,
        })
    }
}

fn oauth(keys: &Keys<'_>) -> Result<OAuthRules, SettingsError> {
    use ClientAuth::{Basic, BodyId, BodySecret, NoneThenBasic};
    let confidential = keys.choice("oauth.client", &[("public", false), ("confidential", true)])?;
    let auths = [
        ("basic", Basic),
        ("body_client_id", BodyId),
        ("body_secret", BodySecret),
    ];
    // A confidential client always shows its secret; where the descriptor speaks of a public one, in the body.
    let shown = |auth| {
        if confidential && auth == BodyId {
            BodySecret
        } else {
            auth
        }
    };
    keys.choice("oauth.state", &[("required", ())])?;
    Ok(OAuthRules {
        authorize: path(keys, "oauth.authorize")?,
        token: path(keys, "oauth.token")?,
        revoke: path(keys, "oauth.revoke")?,
        profile: path(keys, "oauth.profile")?,
        token_auth: shown(keys.choice("oauth.token_auth", &auths)?),
        revoke_auth: shown(keys.choice(
            "oauth.revoke_auth",
            &[
                ("basic", Basic),
                ("body_client_id", BodyId),
                ("body_secret", BodySecret),
                ("none_then_basic", NoneThenBasic),
                ("none", ClientAuth::None),
            ],
        )?),
        revoke_access_hint: keys.text("oauth.revoke_access_hint")?,
        revoke_refresh_hint: keys.text("oauth.revoke_refresh_hint")?,
        pkce: keys.choice(
            "oauth.pkce",
            &[
                ("S256", true),
                ("none", false),
                ("true", true),
                ("false", false),
            ],
        )?,
        always_rotates: keys.choice(
            "oauth.refresh_rotation",
            &[("always", true), ("if_present", false)],
        )?,
        scopes: keys.texts("oauth.scopes")?,
        default_expires_in: keys.whole("oauth.default_expires_in", 1)?,
        refresh_skew_s: keys.whole("oauth.refresh_skew_s", 0)?,
        extra_authorize: keys.words("oauth.extra_authorize_params")?,
    })
}

fn upload(keys: &Keys<'_>) -> Result<UploadRules, SettingsError> {
    let fields = Fields {
        file: field(keys, "upload.fields.file")?,
        name: field(keys, "upload.fields.name")?,
        kind: field(keys, "upload.fields.type")?,
        visibility: field(keys, "upload.fields.visibility")?,
        filename: field(keys, "upload.fields.filename")?,
        data: field(keys, "upload.fields.data")?,
    };
    let extra_fields = keys.words("upload.extra_fields")?;
    for name in extra_fields.keys() {
        plain_name(&format!("upload.extra_fields.{name}"), name)?;
    }
    let content_types = keys.words("upload.content_types")?;
    for (format, kind) in &content_types {
        let good = kind.contains('/')
            && kind
                .chars()
                .all(|c| c.is_ascii_graphic() && c != '"' && c != ',');
        if !good {
            return Err(SettingsError::at(
                &format!("upload.content_types.{format}"),
                "must be a media type such as application/gpx+xml",
            ));
        }
    }
    Ok(UploadRules {
        put: keys.choice("upload.method", &[("POST", false), ("PUT", true)])?,
        path: path(keys, "upload.path")?,
        kind: kind(keys)?,
        formats: formats(keys, "upload.formats")?,
        else_convert_to: format(
            "upload.else_convert_to",
            &keys.text("upload.else_convert_to")?,
        )?,
        fields,
        visibility: keys.words("upload.visibility_values")?,
        content_types,
        type_unless: formats(keys, "upload.type_unless")?,
        type_otherwise: keys.text("upload.type_otherwise")?,
        extra_fields,
        sports: keys.words("upload.sports")?,
        max_bytes: keys.whole("limits.max_file_mb", 1)?.saturating_mul(1 << 20),
    })
}

fn kind(keys: &Keys<'_>) -> Result<RequestKind, SettingsError> {
    if keys.text("upload.kind")? == "json_geometry" {
        let what = "json_geometry is not built: it would lose each point's time and sensors; use multipart, json_base64 or raw";
        return Err(SettingsError::at("upload.kind", what));
    }
    keys.choice(
        "upload.kind",
        &[
            ("multipart", RequestKind::Multipart),
            ("json_base64", RequestKind::JsonBase64),
            ("raw", RequestKind::Raw),
        ],
    )
}

fn response(keys: &Keys<'_>) -> Result<ResponseRules, SettingsError> {
    let duplicate = keys.text("response.duplicate_text")?;
    let link = keys.text("response.link")?;
    if !link.is_empty() && !link.starts_with("https://") {
        return Err(SettingsError::at(
            "response.link",
            "must begin with https://",
        ));
    }
    Ok(ResponseRules {
        ok: keys.statuses("response.ok")?,
        id: keys.texts("response.id")?,
        status: keys.texts("response.status")?,
        ready: keys.texts("response.ready")?,
        failed: keys.texts("response.failed")?,
        duplicate_http: keys.statuses("response.duplicate_http")?,
        duplicate_in: keys.texts("response.duplicate_in")?,
        duplicate_words: alternatives("response.duplicate_text", &duplicate)?,
        error_code: keys.texts("response.error_code")?,
        error_text: keys.texts("response.error_text")?,
        permanent_http: keys.statuses("response.permanent_http")?,
        forbidden_is_refusal: keys.flag("response.forbidden_is_refusal")?,
        token_codes: keys.texts("response.token_codes")?,
        scope_codes: keys.texts("response.scope_codes")?,
        not_ready_code: keys.text("poll.not_ready_code")?,
        link,
        synchronous: !polls(keys)?,
    })
}

fn look(keys: &Keys<'_>) -> Result<LookRules, SettingsError> {
    let lists = keys.choice(
        "reconcile.kind",
        &[("list", true), ("server_dedups", false), ("none", false)],
    )?;
    Ok(LookRules {
        poll_path: if polls(keys)? {
            Some(path(keys, "poll.path")?)
        } else {
            None
        },
        list_path: if lists {
            Some(path(keys, "reconcile.path")?)
        } else {
            None
        },
        items: keys.text("reconcile.items")?,
        server_dedups: keys.text("reconcile.kind")? == "server_dedups",
    })
}

fn polls(keys: &Keys<'_>) -> Result<bool, SettingsError> {
    keys.choice("poll.kind", &[("detail", true), ("none", false)])
}

/// A path below a base; nothing that could turn the base into another host.
fn path(keys: &Keys<'_>, key: &str) -> Result<String, SettingsError> {
    let path = keys.text(key)?;
    if path.is_empty()
        || (path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', ' ', '#']))
    {
        return Ok(path);
    }
    Err(SettingsError::at(
        key,
        "must be a path that begins with one /",
    ))
}

/// A form field's name: nothing that could end the header it stands in.
fn field(keys: &Keys<'_>, key: &str) -> Result<String, SettingsError> {
    let name = keys.text(key)?;
    plain_name(key, &name)?;
    Ok(name)
}

fn plain_name(key: &str, name: &str) -> Result<(), SettingsError> {
    if name
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ';'))
    {
        return Ok(());
    }
    Err(SettingsError::at(
        key,
        "must be a field name of plain letters, digits, and - _ . [ ]",
    ))
}

fn formats(keys: &Keys<'_>, key: &str) -> Result<Vec<Format>, SettingsError> {
    keys.texts(key)?
        .iter()
        .map(|name| format(key, name))
        .collect()
}

fn format(key: &str, name: &str) -> Result<Format, SettingsError> {
    Format::from_name(name)
        .ok_or_else(|| SettingsError::at(key, "must name formats out of fit, gpx, tcx"))
}

/// `(?i)a|b|c` as lower-case words: the one form of pattern that is understood.
fn alternatives(key: &str, pattern: &str) -> Result<Vec<String>, SettingsError> {
    let plain = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    if plain.contains(['(', ')', '[', ']', '.', '*', '+', '?', '^', '$', '\\', '{']) {
        return Err(SettingsError::at(key, "must be words with | between them"));
    }
    Ok(plain
        .split('|')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect())
}
