//! What a sandbox is started with: its clients and where it listens.

use std::path::PathBuf;

use crate::{clock::Clock, endpoint::ServiceName};

/// The scopes that Trek Point's document lists.
pub const SCOPES: &[&str] = &[
    "profile",
    "activities_read",
    "activities_write",
    "routes_read",
    "routes_write",
];

/// The registered clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// `client_id` of the confidential client at Map My Tracks.
    pub map_my_tracks_id: String,
    /// Its secret, used as it is.
    pub map_my_tracks_secret: String,
    /// `client_id` of the public client at Trek Point.
    pub trek_point_id: String,
    /// Scopes that the public client may ask for.
    pub trek_point_scopes: Vec<String>,
    /// Registered redirect addresses, matched byte for byte.
    pub redirect_uris: Vec<(ServiceName, String)>,
}

impl Default for Clients {
    fn default() -> Clients {
        let uri = |service, uri: &str| (service, uri.to_owned());
        Clients {
            map_my_tracks_id: "sandbox".to_owned(),
            // Awkward on purpose: a colon, a slash, a plus, an equals sign and a letter outside ASCII.
            map_my_tracks_secret: "s:e/c+r=é".to_owned(),
            trek_point_id: "sandbox-public".to_owned(),
            trek_point_scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            redirect_uris: vec![
                uri(
                    ServiceName::MapMyTracks,
                    "http://127.0.0.1:53682/map-my-tracks",
                ),
                uri(ServiceName::TrekPoint, "http://127.0.0.1:53682/trek-point"),
                uri(ServiceName::TrekPoint, "http://127.0.0.1:53683/trek-point"),
            ],
        }
    }
}

impl Clients {
    pub(crate) fn has_redirect(&self, service: ServiceName, uri: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|(of, known)| *of == service && known == uri)
    }
}

/// How to start a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// TCP port on 127.0.0.1; 0: any free one.
    pub port: u16,
    /// The registered clients.
    pub clients: Clients,
    /// Makes tokens and chances the same in every run; none: unguessable.
    pub seed: Option<u64>,
    /// Folder that keeps uploads and state over a restart; none: memory only.
    pub keep: Option<PathBuf>,
    /// The services' clock.
    pub clock: Clock,
}
