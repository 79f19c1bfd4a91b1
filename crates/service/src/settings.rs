//! A service's settings: its descriptor with the user's keys laid over it, checked. Knows no file: the engine reads `config.toml`.

use std::net::Ipv4Addr;

use thiserror::Error;
use toml::Table;
use url::{Host, Url};

use crate::descriptor::{ClientAuth, Descriptor};
use crate::table::{Keys, merge, settle};

/// A web service that activities are uploaded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceId {
    /// Map My Tracks, API v3.
    MapMyTracks,
    /// Trek Point.
    TrekPoint,
}

impl ServiceId {
    /// Both, in the order they are listed.
    pub const ALL: [ServiceId; 2] = [ServiceId::MapMyTracks, ServiceId::TrekPoint];

    /// Stable, as in `config.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ServiceId::MapMyTracks => "map-my-tracks",
            ServiceId::TrekPoint => "trek-point",
        }
    }

    /// As its makers write it.
    #[must_use]
    pub fn display(self) -> &'static str {
        match self {
            ServiceId::MapMyTracks => "Map My Tracks",
            ServiceId::TrekPoint => "Trek Point",
        }
    }

    /// The service with this [`ServiceId::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<ServiceId> {
        ServiceId::ALL.into_iter().find(|id| id.name() == name)
    }

    fn descriptor(self) -> &'static str {
        match self {
            ServiceId::MapMyTracks => include_str!("../descriptors/map-my-tracks.toml"),
            ServiceId::TrekPoint => include_str!("../descriptors/trek-point.toml"),
        }
    }
}

/// Who may see an uploaded activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Only its owner.
    Private,
    /// Everybody.
    Public,
}

impl Visibility {
    /// `private` or `public`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Visibility::Private => "private",
            Visibility::Public => "public",
        }
    }

    /// The visibility with this [`Visibility::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Visibility> {
        [Visibility::Private, Visibility::Public]
            .into_iter()
            .find(|visibility| visibility.name() == name)
    }
}

/// A value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key} {what}")]
pub struct SettingsError {
    /// Dotted, below `[service.X]`.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

impl SettingsError {
    pub(crate) fn at(key: &str, what: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            what: what.into(),
        }
    }
}

/// How often an upload that is still processing is looked at, as the descriptor says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polling {
    /// Seconds before the first look.
    pub first_s: f64,
    /// Each wait is this many times the last one.
    pub factor: f64,
    /// Seconds, the longest wait.
    pub max_s: f64,
    /// Seconds after which it is only looked at now and then.
    pub give_up_s: f64,
}

/// One service's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Given by the service; empty: not set.
    pub client_id: String,
    /// Tried in order, sent byte for byte; each is at 127.0.0.1, with a port.
    pub redirect_uris: Vec<String>,
    /// Who may see uploads; `None` where the service takes no visibility.
    pub visibility: Option<Visibility>,
    /// Milliseconds between two uploads to one account.
    pub min_gap_ms: u64,
    /// How often to look at what is processing.
    pub polling: Polling,
    id: ServiceId,
    addresses: Vec<(String, String)>,
    register_at: String,
    partly_assumed: bool,
    pub(crate) descriptor: Descriptor,
}

/// The hosts a request may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    OAuth,
    Api,
}

const ADDRESSES: [&str; 4] = ["base", "oauth_base", "api_base", "export_base"];

impl Settings {
    /// The service's descriptor with the user's `[service.X]` table laid over it; unknown keys are tolerated.
    ///
    /// # Errors
    /// Names the first key whose value is of the wrong kind or not safe to use.
    pub fn from_table(id: ServiceId, own: Option<&Table>) -> Result<Settings, SettingsError> {
        let mut table: Table = id
            .descriptor()
            .parse()
            .map_err(|_| SettingsError::at("", "the built-in descriptor is damaged"))?;
        if let Some(own) = own {
            let mut own = settle(&table, own);
            alias(&mut own, "limits", "min_gap_ms", "min_gap_ms");
            alias(
                &mut own,
                "oauth",
                "base",
                if table.contains_key("base") {
                    "base"
                } else {
                    "oauth_base"
                },
            );
            merge(&mut table, &own);
        }
        let keys = Keys(&table);
        let mut addresses = Vec::new();
        for key in ADDRESSES.into_iter().filter(|key| keys.has(key)) {
            let address = keys.text(key)?;
            check_address(key, &address)?;
            addresses.push((key.to_owned(), address));
        }
        let redirect_uris = keys.texts("redirect_uris")?;
        for uri in &redirect_uris {
            check_redirect(uri)?;
        }
        let visibility = if keys.has("visibility") {
            let choices = [
                ("private", Visibility::Private),
                ("public", Visibility::Public),
            ];
            Some(keys.choice("visibility", &choices)?)
        } else {
            None
        };
        Ok(Settings {
            client_id: keys.text("client_id")?,
            redirect_uris,
            visibility,
            min_gap_ms: keys.whole("min_gap_ms", 0)?,
            polling: Polling {
                first_s: keys.number("poll.first_s")?,
                factor: keys.number("poll.factor")?,
                max_s: keys.number("poll.max_s")?,
                give_up_s: keys.number("poll.give_up_s")?,
            },
            id,
            addresses,
            register_at: keys.text("service.register_at")?,
            partly_assumed: keys.text("service.contract")?.contains("assumed"),
            descriptor: Descriptor::read(&keys)?,
        })
    }

    /// Whose settings these are.
    #[must_use]
    pub fn id(&self) -> ServiceId {
        self.id
    }

    /// What must still be set before one can sign in, in words; empty when all is there. The client secret is not
    /// counted: it lies in the secret store.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.base(Base::OAuth).is_none() {
            let key = self
                .addresses
                .first()
                .map_or("base", |(key, _)| key.as_str());
            missing.push(format!("the address of {} ({key})", self.id.display()));
        }
        if self.client_id.is_empty() {
            missing.push("the client id (client_id)".into());
        }
        if self.redirect_uris.is_empty() {
            missing.push("a redirect address (redirect_uris)".into());
        }
        missing
    }

    /// The configurable addresses by their key, in order; an empty one is not set.
    #[must_use]
    pub fn addresses(&self) -> &[(String, String)] {
        &self.addresses
    }

    /// Whether a client secret is needed beside the client id.
    #[must_use]
    pub fn wants_secret(&self) -> bool {
        matches!(
            self.descriptor.oauth.token_auth,
            ClientAuth::Basic | ClientAuth::BodySecret
        )
    }

    /// Where a client id is to be had: a web or e-mail address.
    #[must_use]
    pub fn register_at(&self) -> &str {
        &self.register_at
    }

    /// Whether the contract with this service rests on assumptions.
    #[must_use]
    pub fn partly_assumed(&self) -> bool {
        self.partly_assumed
    }

    /// Bytes of the largest file that is sent.
    #[must_use]
    pub fn max_file_bytes(&self) -> u64 {
        self.descriptor.upload.max_bytes
    }

    fn address(&self, key: &str) -> Option<&str> {
        self.addresses
            .iter()
            .find(|(own, _)| own == key)
            .map(|(_, address)| address.as_str())
            .filter(|address| !address.is_empty())
    }

    pub(crate) fn base(&self, base: Base) -> Option<&str> {
        let oauth = self.address("base").or_else(|| self.address("oauth_base"));
        match base {
            Base::OAuth => oauth,
            // Without an address of its own the API is where the sign-in is.
            Base::Api => self.address("api_base").or(oauth),
        }
    }

    /// A path below a base, which is kept as it stands; `None` when the base is not set.
    pub(crate) fn url(&self, base: Base, path: &str) -> Option<Url> {
        let base = self.base(base)?.trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).ok()
    }

    /// Where tokens may be shown: the hosts that give them and that take them.
    pub(crate) fn origins(&self) -> String {
        let bases = [Base::OAuth, Base::Api].into_iter();
        let urls = bases.filter_map(|base| self.url(base, "/"));
        let origins: Vec<_> = urls.map(|url| url.origin().ascii_serialization()).collect();
        origins.join(" ")
    }

    /// Whether all of it is on this computer (a sandbox): no proxy is asked then.
    pub(crate) fn all_loopback(&self) -> bool {
        let mut hosts = [Base::OAuth, Base::Api]
            .into_iter()
            .filter_map(|base| self.url(base, "/"));
        hosts.all(|url| is_loopback(&url))
    }
}

/// `own.table.key` becomes `own.key`, unless that is set too.
fn alias(own: &mut Table, table: &str, key: &str, to: &str) {
    let value = own.get(table).and_then(|table| table.get(key)).cloned();
    if let Some(value) = value.filter(|_| !own.contains_key(to)) {
        own.insert(to.to_owned(), value);
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// https, or http on this computer; nothing but scheme, host, port and path.
fn check_address(key: &str, address: &str) -> Result<(), SettingsError> {
    if address.is_empty() {
        return Ok(());
    }
    let url = Url::parse(address)
        .map_err(|_| SettingsError::at(key, "is not an address such as https://example.org/api"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(SettingsError::at(key, "must begin with https://"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(SettingsError::at(
            key,
            "must begin with https://; http:// is only for addresses on this computer",
        ));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(SettingsError::at(
            key,
            "must be a plain address, without user name, ? or #",
        ));
    }
    Ok(())
}

/// `http://127.0.0.1:port/path`: the browser must come back to this computer and to nobody else's.
fn check_redirect(uri: &str) -> Result<(), SettingsError> {
    redirect_target(uri).map(|_| ()).ok_or_else(|| {
        SettingsError::at(
            "redirect_uris",
            format!("holds “{uri}”, which is not of the form http://127.0.0.1:port/path"),
        )
    })
}

/// Where to listen for a redirect URI: address, port, and the path to expect.
pub(crate) fn redirect_target(uri: &str) -> Option<(Ipv4Addr, u16, String)> {
    let url = Url::parse(uri).ok()?;
    let Some(Host::Ipv4(address)) = url.host() else {
        return None;
    };
    let plain = url.scheme() == "http"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let port = url.port_or_known_default().filter(|port| *port != 0)?;
    (plain && address == Ipv4Addr::LOCALHOST).then(|| (address, port, url.path().to_owned()))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
