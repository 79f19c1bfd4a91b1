//! What the settings screen shows and writes; no secret is ever read back.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the settings screen shows and writes; no secret is ever read back.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Settings {
    /// The data folder.
    pub data_dir: String,
    /// The configuration file.
    pub config_file: String,
    /// Where secrets lie, in words.
    pub secrets: String,
    /// Folders that are watched beside devices.
    pub folders: Vec<String>,
    /// Both services.
    pub services: Vec<ServiceSettings>,
    /// BCP 47, from the desktop's language settings.
    pub locale: String,
    /// Of Trackdock.
    pub version: String,
}

/// One service's settings, as `config.toml` has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ServiceSettings {
    /// `map-my-tracks` or `trek-point`.
    pub service: String,
    /// Addresses by their key in `config.toml`: `base`, or `oauth_base`, `api_base`, `export_base`.
    pub addresses: Vec<Address>,
    /// Given by the service.
    pub client_id: String,
    /// Tried in order, sent byte for byte.
    pub redirect_uris: Vec<String>,
    /// `private` or `public`; null where the service takes none.
    pub visibility: Option<String>,
}

/// One configurable address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Address {
    /// The key in `config.toml`.
    pub key: String,
    /// The address; empty: not set.
    pub value: String,
}
