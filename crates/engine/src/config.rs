//! `config.toml` in the data folder: read with clear errors, changed without touching what it doesn't know.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use service::{ServiceId, Settings};
use toml_edit::{Document, DocumentMut, Item, Table, value};

use crate::problem::words;
use crate::view::{Problem, ServiceSettings};

/// The file's name in the data folder.
pub(crate) const FILE_NAME: &str = "config.toml";

/// How long things take; tests make them small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// Between the two looks at a file that may still be written.
    pub(crate) settle: Duration,
    /// Between the two looks that settle an unsure upload.
    pub(crate) look_again: Duration,
    /// Before the first look at an upload that is still processing; none: as the service's descriptor says.
    pub(crate) poll_first: Option<Duration>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            settle: Duration::from_millis(2100),
            look_again: Duration::from_millis(5000),
            poll_first: None,
        }
    }
}

/// What `config.toml` says, with defaults for what it doesn't say.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where it lies, whether it exists or not.
    pub(crate) path: PathBuf,
    /// `[timing]`
    pub(crate) timing: Timing,
    /// `folders = ["…"]`: watched beside devices.
    pub(crate) folders: Vec<PathBuf>,
    /// `[service.…]`, one per service, in [`ServiceId::ALL`]'s order.
    pub(crate) services: Vec<(ServiceId, Settings)>,
}

impl Config {
    /// Reads the file; a missing one gives the defaults.
    ///
    /// # Errors
    /// Code `config`, naming the line, when the file is not TOML or a value is of the wrong kind.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, Problem> {
        let path = data_dir.join(FILE_NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(bad(
                    &path,
                    None,
                    &format!("cannot be read: {}", words(&error)),
                ));
            }
        };
        Self::parse(path, &text)
    }

    /// Reads `text` as the file at `path`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub(crate) fn parse(path: PathBuf, text: &str) -> Result<Self, Problem> {
        let document = Document::parse(text).map_err(|error| {
            let line = error.span().map(|span| line_of(text, span.start));
            bad(&path, line, &format!("is not TOML: {}", error.message()))
        })?;
        let reader = Reader {
            path: &path,
            text,
            root: document.as_table(),
        };
        let tables: toml::Table = toml::from_str(text).map_err(|error| {
            bad(
                &path,
                error.span().map(|span| line_of(text, span.start)),
                error.message(),
            )
        })?;
        reader.tables()?;
        let mut services = Vec::new();
        for id in ServiceId::ALL {
            let own = tables
                .get("service")
                .and_then(|all| all.get(id.name()))
                .and_then(toml::Value::as_table);
            let settings = Settings::from_table(id, own).map_err(|error| {
                let mut keys = vec!["service", id.name()];
                keys.extend(error.key.split('.'));
                bad(
                    &path,
                    reader.line(&keys),
                    &format!("`{}` of {}: {}", error.key, id.display(), error.what),
                )
            })?;
            services.push((id, settings));
        }
        let default = Timing::default();
        let timing = Timing {
            settle: reader.millis("settle_ms")?.unwrap_or(default.settle),
            look_again: reader
                .millis("look_again_ms")?
                .unwrap_or(default.look_again),
            poll_first: reader.millis("poll_first_ms")?,
        };
        let folders = reader.folders()?;
        Ok(Self {
            timing,
            folders,
            services,
            path,
        })
    }

    /// One service's settings.
    #[must_use]
    pub(crate) fn service(&self, id: ServiceId) -> Option<&Settings> {
        self.services
            .iter()
            .find(|(own, _)| *own == id)
            .map(|(_, settings)| settings)
    }
}

/// Writes one service's settings into the file, keeping comments and unknown keys.
///
/// # Errors
/// Code `config` when the result would not be valid (nothing is written then), or the file cannot be written.
pub(crate) fn save_service(data_dir: &Path, settings: &ServiceSettings) -> Result<(), Problem> {
    edit(data_dir, |document| {
        let service = table(document.as_table_mut(), "service");
        service.set_implicit(true);
        let own = table(service, &settings.service);
        for address in &settings.addresses {
            own.insert(&address.key, value(address.value.trim()));
        }
        own.insert("client_id", value(settings.client_id.trim()));
        let uris: toml_edit::Array = settings
            .redirect_uris
            .iter()
            .map(|uri| uri.trim())
            .filter(|uri| !uri.is_empty())
            .collect();
        own.insert("redirect_uris", value(uris));
        if let Some(visibility) = &settings.visibility {
            own.insert("visibility", value(visibility.as_str()));
        }
    })
}

/// Writes the visibility of later uploads to one service.
///
/// # Errors
/// As [`save_service`].
pub(crate) fn save_visibility(
    data_dir: &Path,
    service: ServiceId,
    visibility: &str,
) -> Result<(), Problem> {
    edit(data_dir, |document| {
        let all = table(document.as_table_mut(), "service");
        all.set_implicit(true);
        table(all, service.name()).insert("visibility", value(visibility));
    })
}

/// Writes the list of watched folders.
///
/// # Errors
/// As [`save_service`].
pub(crate) fn save_folders(data_dir: &Path, folders: &[PathBuf]) -> Result<(), Problem> {
    edit(data_dir, |document| {
        let list: toml_edit::Array = folders
            .iter()
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        document.insert("folders", value(list));
    })
}

/// Changes the file in one step: read, edit, check, write beside it, rename. When this returns, the change outlives a power cut.
fn edit(data_dir: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<(), Problem> {
    let path = data_dir.join(FILE_NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(bad(
                &path,
                None,
                &format!("cannot be read: {}", words(&error)),
            ));
        }
    };
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        bad(
            &path,
            error.span().map(|span| line_of(&text, span.start)),
            &format!("is not TOML: {}", error.message()),
        )
    })?;
    change(&mut document);
    let text = document.to_string();
    Config::parse(path.clone(), &text)?;
    let beside = path.with_extension("toml.new");
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        library::sync_names(data_dir)
    });
    written.map_err(|error| {
        bad(
            &path,
            None,
            &format!("cannot be written: {}", words(&error)),
        )
    })
}

/// The table under `key`, made if it isn't there.
fn table<'a>(parent: &'a mut Table, key: &str) -> &'a mut Table {
    let item = parent
        .entry(key)
        .or_insert_with(|| Item::Table(Table::new()));
    if !item.is_table() {
        let inline = std::mem::take(item).into_table().unwrap_or_default();
        *item = Item::Table(inline);
    }
    match item {
        Item::Table(table) => table,
        // It was made a table just above.
        _ => unreachable!("an item that was made a table is one"),
    }
}

/// The parsed file with its text, so that errors can name the line.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    root: &'a Table,
}

impl Reader<'_> {
    /// The line of the deepest of `keys` that exists.
    fn line(&self, keys: &[&str]) -> Option<usize> {
        let mut table: &dyn toml_edit::TableLike = self.root;
        let mut line = None;
        for key in keys {
            let Some((key, item)) = table.get_key_value(key) else {
                break;
            };
            line = key
                .span()
                .or_else(|| item.span())
                .map(|span| line_of(self.text, span.start))
                .or(line);
            match item.as_table_like() {
                Some(inner) => table = inner,
                None => break,
            }
        }
        line
    }

    /// Refuses what stands where a table belongs: passed over, it would look like settings that do nothing.
    fn tables(&self) -> Result<(), Problem> {
        let inner = ServiceId::ALL.map(|id| vec!["service", id.name()]);
        for keys in [vec!["timing"], vec!["service"]].into_iter().chain(inner) {
            let mut path = keys.iter();
            let root = path.next().and_then(|key| self.root.get(key));
            let item = path.fold(root, |item, key| item?.get(key));
            if item.is_some_and(|item| !item.is_table_like()) {
                return Err(self.wrong(&keys, "must be a table"));
            }
        }
        Ok(())
    }

    /// A whole number of milliseconds in `[timing]`.
    fn millis(&self, key: &str) -> Result<Option<Duration>, Problem> {
        let Some(item) = self.root.get("timing").and_then(|timing| timing.get(key)) else {
            return Ok(None);
        };
        item.as_integer()
            .and_then(|millis| u64::try_from(millis).ok())
            .map(|millis| Some(Duration::from_millis(millis)))
            .ok_or_else(|| self.wrong(&["timing", key], "must be a whole number of milliseconds"))
    }

    /// `folders`, a list of absolute paths.
    fn folders(&self) -> Result<Vec<PathBuf>, Problem> {
        let Some(item) = self.root.get("folders") else {
            return Ok(Vec::new());
        };
        let wrong = || self.wrong(&["folders"], "must be a list of absolute paths");
        let list = item.as_array().ok_or_else(wrong)?;
        list.iter()
            .map(|path| {
                path.as_str()
                    .map(PathBuf::from)
                    .filter(|path| path.is_absolute())
                    .ok_or_else(wrong)
            })
            .collect()
    }

    fn wrong(&self, keys: &[&str], what: &str) -> Problem {
        bad(
            self.path,
            self.line(keys),
            &format!("`{}` {what}", keys.join(".")),
        )
    }
}

/// The 1-based line of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

fn bad(path: &Path, line: Option<usize>, what: &str) -> Problem {
    let line = line
        .map(|line| format!(", line {line}"))
        .unwrap_or_default();
    let what = what.trim().replace('\n', " ");
    Problem {
        code: "config".into(),
        title: format!("{}{line}: {}.", path.display(), what.trim_end_matches('.')),
        hint: if line.is_empty() {
            "Check the file and who may use it.".into()
        } else {
            "Correct the file, or delete the line to use the default.".into()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Problem> {
        Config::parse(PathBuf::from("config.toml"), text)
    }

    #[track_caller]
    fn check_error(text: &str, parts: &[&str]) {
        let problem = parse(text).unwrap_err();
        assert_eq!(problem.code, "config");
        for part in parts {
            assert!(
                problem.title.contains(part),
                "{:?} misses {part:?}",
                problem.title
            );
        }
    }

    #[test]
    fn nothing_said_is_the_defaults() {
        let config = parse("").unwrap();
        assert_eq!(config.timing, Timing::default());
        assert!(config.folders.is_empty());
        assert_eq!(config.services.len(), 2);
    }

    #[test]
    fn bad_values_are_named_with_their_line() {
        check_error(
            "[timing]\nsettle_ms = 5\nlook_again_ms = \"soon\"\n",
            &["line 3", "look_again_ms"],
        );
        check_error("[timing]\nsettle_ms = -1\n", &["line 2", "settle_ms"]);
        check_error("folders = 3", &["line 1", "folders"]);
        check_error("folders = [\"relative/path\"]", &["line 1", "absolute"]);
        check_error("a = 1\nb = = 2\n", &["line 2"]);
        check_error("[[service]]\nx = 1\n", &["line 1", "service", "table"]);
        check_error("timing = 3\n", &["line 1", "timing", "table"]);
        check_error(
            "[service]\ntrek-point = \"x\"\n",
            &["line 2", "trek-point", "table"],
        );
        check_error(
            "\n[service.map-my-tracks]\nmin_gap_ms = \"x\"\n",
            &["line 3", "min_gap_ms", "Map My Tracks"],
        );
    }

    #[test]
    fn saving_keeps_what_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let before = "# mine\nunknown = 1\n\n[service.trek-point]\nclient_id = \"old\" # note\nextra = [1, 2]\n";
        fs::write(&path, before).unwrap();
        let settings = ServiceSettings {
            service: "trek-point".into(),
            addresses: vec![crate::view::Address {
                key: "oauth_base".into(),
                value: "http://127.0.0.1:9/".into(),
            }],
            client_id: " new ".into(),
            redirect_uris: vec!["http://127.0.0.1:53682/trek-point".into()],
            visibility: None,
        };
        save_service(folder.path(), &settings).unwrap();
        save_folders(folder.path(), &[PathBuf::from("/rides")]).unwrap();
        let after = fs::read_to_string(&path).unwrap();
        for kept in [
            "# mine",
            "unknown = 1",
            "extra = [1, 2]",
            "client_id = \"new\"",
            "folders = [\"/rides\"]",
        ] {
            assert!(after.contains(kept), "{kept:?} is not in {after}");
        }
    }

    #[test]
    fn nothing_wrong_is_ever_written() {
        let folder = tempfile::tempdir().unwrap();
        save_visibility(folder.path(), ServiceId::MapMyTracks, "private").unwrap();
        let before = fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
        save_visibility(folder.path(), ServiceId::MapMyTracks, "everyone").unwrap_err();
        assert_eq!(
            fs::read_to_string(folder.path().join(FILE_NAME)).unwrap(),
            before
        );
    }
}
