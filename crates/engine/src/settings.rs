//! What the settings screen shows.

use std::path::Path;

use service::{ServiceId, Settings as Service};

use crate::config::{Config, FILE_NAME};
use crate::secrets::{self, SecretsPlace};
use crate::view::{Address, Problem, ServiceSettings, Settings};

/// Reads the configuration for the settings screen.
pub(crate) fn read(data_dir: &Path, place: SecretsPlace) -> Result<Settings, Problem> {
    let config = Config::read(data_dir)?;
    Ok(Settings {
        data_dir: data_dir.display().to_string(),
        config_file: data_dir.join(FILE_NAME).display().to_string(),
        secrets: secrets::store(place, data_dir).place(),
        folders: config
            .folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect(),
        services: config
            .services
            .iter()
            .map(|(id, service)| service_settings(*id, service))
            .collect(),
        locale: locale(&|name| std::env::var(name).ok()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

fn service_settings(id: ServiceId, service: &Service) -> ServiceSettings {
    ServiceSettings {
        service: id.name().to_owned(),
        addresses: service
            .addresses()
            .iter()
            .map(|(key, value)| Address {
                key: key.clone(),
                value: value.clone(),
            })
            .collect(),
        client_id: service.client_id.clone(),
        redirect_uris: service.redirect_uris.clone(),
        visibility: service
            .visibility
            .map(|visibility| visibility.name().to_owned()),
    }
}

/// The desktop's language as BCP 47, from the variables that POSIX names in their order; `en` where none says.
fn locale(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let set = ["LC_ALL", "LC_TIME", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let name = set.unwrap_or_default();
    let tag = name
        .split(['.', '@'])
        .next()
        .unwrap_or_default()
        .replace('_', "-");
    let plausible = !matches!(tag.as_str(), "" | "C" | "POSIX")
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plausible { tag } else { "en".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::locale;

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &str) {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(own, _)| *own == name)
                .map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(locale(&variable), expected);
    }

    #[test]
    fn the_desktops_language_is_found() {
        check(&[("LANG", "de_AT.UTF-8")], "de-AT");
        check(
            &[("LANG", "de_AT.UTF-8"), ("LC_TIME", "en_GB.UTF-8")],
            "en-GB",
        );
        check(&[("LC_ALL", ""), ("LANG", "sr_RS@latin")], "sr-RS");
        check(&[("LC_ALL", "C.UTF-8")], "en");
        check(&[("LANG", "../x")], "en");
        check(&[], "en");
    }
}
