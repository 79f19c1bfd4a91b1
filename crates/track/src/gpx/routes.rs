//! Route and waypoint files through the gpx crate's typed model. Knows no tracks.

use crate::ReadError;
use crate::xml::clean;

/// The gpx crate reads about 20 MB a second and holds everything as objects, up to 50 bytes for each of the file: what is
/// larger goes without names, so that no file takes more memory than we promise.
const LARGEST: usize = 256 << 10;

/// The longest tag that is handed on: the gpx crate's XML reader compares each attribute with all before it.
const LONGEST_TAG: usize = 8 << 10;

/// What a file without tracks holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Routes {
    /// The file's own name.
    pub(super) name: Option<String>,
    /// Each route's name, and how many points it has.
    pub(super) routes: Vec<(Option<String>, usize)>,
    /// Each waypoint's name.
    pub(super) waypoints: Vec<Option<String>>,
}

/// Reads routes and waypoints. To be called only with text that `xml::pull` went through and found nothing wrong with:
/// document types and deep nesting are what the gpx crate's XML reader would choke on.
///
/// # Errors
/// What the gpx crate's strict model refuses, and what is larger than any route file.
pub(super) fn routes(text: &str) -> Result<Routes, ReadError> {
    if text.len() > LARGEST {
        return Err(ReadError::Damaged {
            what: "it is larger than a route can be".to_owned(),
        });
    }
    if text
        .split('<')
        .any(|tag| tag.find('>').unwrap_or(tag.len()) > LONGEST_TAG)
    {
        return Err(ReadError::Damaged {
            what: "a tag in it never seems to end".to_owned(),
        });
    }
    let file = gpx::read(text.as_bytes()).map_err(|error| ReadError::Damaged {
        what: error.to_string(),
    })?;
    let named = |name: Option<String>| name.as_deref().and_then(clean);
    Ok(Routes {
        name: named(file.metadata.and_then(|metadata| metadata.name)),
        routes: file
            .routes
            .into_iter()
            .map(|route| (named(route.name), route.points.len()))
            .collect(),
        waypoints: file
            .waypoints
            .into_iter()
            .map(|waypoint| named(waypoint.name))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_and_waypoints_have_names() {
        let xml = "<?xml version='1.0' encoding='UTF-8'?><gpx version='1.1' creator='x' \
            xmlns='http://www.topografix.com/GPX/1/1'><metadata><name>File</name></metadata>\
            <wpt lat='1' lon='2'><name>Hut</name></wpt><wpt lat='1' lon='2'/>\
            <rte><name>Over the pass</name><rtept lat='1' lon='2'/><rtept lat='1' lon='3'/></rte></gpx>";
        let expected = Routes {
            name: Some("File".to_owned()),
            routes: vec![(Some("Over the pass".to_owned()), 2)],
            waypoints: vec![Some("Hut".to_owned()), None],
        };
        assert_eq!(routes(xml), Ok(expected));
        let long = format!("<gpx {}>", "a='1' ".repeat(LONGEST_TAG));
        assert!(matches!(routes(&long), Err(ReadError::Damaged { .. })));
        assert!(matches!(routes("<gpx"), Err(ReadError::Damaged { .. })));
        let large = format!("{xml}{}", " ".repeat(LARGEST));
        assert!(matches!(routes(&large), Err(ReadError::Damaged { .. })));
    }
}
