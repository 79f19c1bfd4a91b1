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

    /// Those of [`ENDPOINTS`] that this service answers to.
    pub(crate) fn endpoints(self) -> impl Iterator<Item = &'static str> {
        let of_map_my_tracks = |name: &str| name.ends_with("Activity");
        let of_trek_point = |name: &str| name == "profile" || name.contains('.');
        ENDPOINTS.iter().copied().filter(move |name| match self {
            ServiceName::MapMyTracks => !of_trek_point(name),
            ServiceName::TrekPoint => !of_map_my_tracks(name),
        })
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
    fn named(service: ServiceName, name: &str) -> Endpoint {
        let known = service.endpoints().find(|known| *known == name);
        let name = known.unwrap_or("other");
        Endpoint { service, name }
    }

    /// None: the path belongs to no service.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Endpoint> {
        if let Some(rest) = path.strip_prefix("/api3/") {
            let name = rest.trim_start_matches("oauth/");
            return Some(Endpoint::named(ServiceName::MapMyTracks, name));
        }
        if let Some(rest) = path.strip_prefix("/oauth/") {
            return Some(Endpoint::named(ServiceName::TrekPoint, rest));
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
        Some(Endpoint::named(ServiceName::TrekPoint, &wanted))
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
        check("GET", "/api3/profile", Some((MapMyTracks, "other")));
        check("GET", "/sandbox/state", None);
    }

    #[test]
    fn each_service_has_its_own_endpoints() {
        use ServiceName::{MapMyTracks, TrekPoint};
        let has = |service: ServiceName, name| service.endpoints().any(|known| known == name);
        for name in ["authorize", "token", "revoke", "other"] {
            assert!(has(MapMyTracks, name) && has(TrekPoint, name), "{name}");
        }
        assert!(has(MapMyTracks, "uploadActivity") && !has(TrekPoint, "uploadActivity"));
        assert!(has(TrekPoint, "profile") && !has(MapMyTracks, "profile"));
        assert!(has(TrekPoint, "activities.create") && !has(MapMyTracks, "activities.create"));
        let count = |service: ServiceName| service.endpoints().count();
        assert_eq!((count(MapMyTracks), count(TrekPoint)), (8, 17));
    }
}
