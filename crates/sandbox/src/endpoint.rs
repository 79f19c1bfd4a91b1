//! The names of the services and of everything they answer to. It knows no handler.

use axum::http::Method;
use serde::{Deserialize, Serialize};

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceName {
    /// Map My Tracks, API v3.
    MapMyTracks,
    /// Trek Point.
    TrekPoint,
}

impl ServiceName {
    /// `map-my-tracks` or `trek-point`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ServiceName::MapMyTracks => "map-my-tracks",
            ServiceName::TrekPoint => "trek-point",
        }
    }

    /// The name people know.
    #[must_use]
    pub fn display(self) -> &'static str {
        match self {
            ServiceName::MapMyTracks => "Map My Tracks",
            ServiceName::TrekPoint => "Trek Point",
        }
    }

    /// The service of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ServiceName> {
        [ServiceName::MapMyTracks, ServiceName::TrekPoint]
            .into_iter()
            .find(|service| service.name() == name)
    }
}

/// Names of all endpoints, as faults and the request log use them.
pub const ENDPOINTS: &[&str] = &[
    "authorize",
    "token",
    "revoke",
    "profile",
    "uploadActivity",
    "startActivity",
    "updateActivity",
    "stopActivity",
    "activities.list",
    "activities.create",
    "activities.detail",
    "activities.update",
    "activities.delete",
    "activities.export",
    "routes.list",
    "routes.create",
    "routes.detail",
    "routes.update",
    "routes.delete",
    "routes.export",
    "other",
];

/// Which service and which of its endpoints a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) service: ServiceName,
    pub(crate) name: &'static str,
}

impl Endpoint {
    /// None: the path belongs to no service.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Endpoint> {
        if let Some(rest) = path.strip_prefix("/api3/") {
            let name = ENDPOINTS
                .iter()
                .find(|name| **name == rest.trim_start_matches("oauth/"));
            return Some(Endpoint {
                service: ServiceName::MapMyTracks,
                name: name.unwrap_or(&"other"),
            });
        }
        if let Some(rest) = path.strip_prefix("/oauth/") {
            let name = ENDPOINTS.iter().find(|name| **name == rest);
            return Some(Endpoint {
                service: ServiceName::TrekPoint,
                name: name.unwrap_or(&"other"),
            });
        }
        let rest = path.strip_prefix("/api/")?;
        let parts: Vec<&str> = rest.trim_start_matches("v1/").split('/').collect();
        let verb = match (parts.as_slice(), method.as_str()) {
            ([_], "POST") => "create",
            ([_], _) => "list",
            ([_, _, "export"], _) => "export",
            (_, "PATCH") => "update",
            (_, "DELETE") => "delete",
            _ => "detail",
        };
        let wanted = format!("{}.{verb}", parts.first().unwrap_or(&""));
        let name = ENDPOINTS
            .iter()
            .find(|name| **name == wanted)
            .unwrap_or(&"other");
        Some(Endpoint {
            service: ServiceName::TrekPoint,
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, expected: Option<(ServiceName, &str)>) {
        let found = Endpoint::of(&method.parse().unwrap(), path);
        assert_eq!(
            found.map(|found| (found.service, found.name)),
            expected,
            "{method} {path}"
        );
    }

    #[test]
    fn every_path_has_its_name() {
        use ServiceName::{MapMyTracks, TrekPoint};
        check(
            "GET",
            "/api3/oauth/authorize",
            Some((MapMyTracks, "authorize")),
        );
        check(
            "POST",
            "/api3/uploadActivity",
            Some((MapMyTracks, "uploadActivity")),
        );
        check("POST", "/api3/nonsense", Some((MapMyTracks, "other")));
        check("POST", "/oauth/token", Some((TrekPoint, "token")));
        check(
            "GET",
            "/api/v1/activities",
            Some((TrekPoint, "activities.list")),
        );
        check("POST", "/api/v1/routes", Some((TrekPoint, "routes.create")));
        check(
            "DELETE",
            "/api/v1/activities/7",
            Some((TrekPoint, "activities.delete")),
        );
        check(
            "GET",
            "/api/activities/7/export",
            Some((TrekPoint, "activities.export")),
        );
        check("GET", "/sandbox/state", None);
    }
}
