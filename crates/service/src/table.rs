//! Typed reading of a descriptor's TOML by dotted key, and the merging of the user's keys into it. Knows no service.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::settings::SettingsError;

/// A table that is read by dotted keys; an error names the key.
pub(crate) struct Keys<'a>(pub(crate) &'a Table);

impl<'a> Keys<'a> {
    /// The value under a dotted key.
    pub(crate) fn value(&self, key: &str) -> Result<&'a Value, SettingsError> {
        let mut table = self.0;
        let mut path = key.split('.').peekable();
        let mut so_far = String::new();
        while let Some(part) = path.next() {
            so_far = if so_far.is_empty() {
                part.to_owned()
            } else {
                format!("{so_far}.{part}")
            };
            let value = table
                .get(part)
                .ok_or_else(|| SettingsError::at(&so_far, "is missing"))?;
            if path.peek().is_none() {
                return Ok(value);
            }
            table = value
                .as_table()
                .ok_or_else(|| SettingsError::at(&so_far, "must be a table"))?;
        }
        Err(SettingsError::at(key, "is missing"))
    }

    /// Whether the key is there at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_ok()
    }

    pub(crate) fn text(&self, key: &str) -> Result<String, SettingsError> {
        text(key, self.value(key)?)
    }

    /// A text, or one of the given values where `true` and `false` are other spellings.
    pub(crate) fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let given = match self.value(key)? {
            Value::Boolean(yes) => yes.to_string(),
            other => text(key, other)?,
        };
        choices
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&given))
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let names: Vec<&str> = choices
                    .iter()
                    .map(|(name, _)| *name)
                    .filter(|name| !["true", "false"].contains(name))
                    .collect();
                SettingsError::at(key, format!("must be one of: {}", names.join(", ")))
            })
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, SettingsError> {
        self.value(key)?
            .as_bool()
            .ok_or_else(|| SettingsError::at(key, "must be true or false"))
    }

    /// A whole number, at least `least`.
    pub(crate) fn whole(&self, key: &str, least: u64) -> Result<u64, SettingsError> {
        let number = self
            .value(key)?
            .as_integer()
            .and_then(|number| u64::try_from(number).ok());
        number.filter(|number| *number >= least).ok_or_else(|| {
            SettingsError::at(key, format!("must be a whole number, at least {least}"))
        })
    }

    /// A number above zero.
    pub(crate) fn number(&self, key: &str) -> Result<f64, SettingsError> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "nobody writes seconds beyond 2^53"
        )]
        let number = match self.value(key)? {
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        };
        number
            .filter(|number| number.is_finite() && *number > 0.0)
            .ok_or_else(|| SettingsError::at(key, "must be a number above 0"))
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, SettingsError> {
        let wrong = || SettingsError::at(key, "must be a list of texts");
        let list = self.value(key)?.as_array().ok_or_else(wrong)?;
        list.iter()
            .map(|item| {
                text(key, item).map_err(|error| if item.is_str() { error } else { wrong() })
            })
            .collect()
    }

    /// A list of HTTP status numbers.
    pub(crate) fn statuses(&self, key: &str) -> Result<Vec<u16>, SettingsError> {
        let wrong = || SettingsError::at(key, "must be a list of status numbers from 100 to 599");
        let list = self.value(key)?.as_array().ok_or_else(wrong)?;
        let status = |item: &Value| {
            item.as_integer()
                .and_then(|n| u16::try_from(n).ok())
                .filter(|n| (100..600).contains(n))
        };
        list.iter()
            .map(|item| status(item).ok_or_else(wrong))
            .collect()
    }

    /// A table of texts.
    pub(crate) fn words(&self, key: &str) -> Result<BTreeMap<String, String>, SettingsError> {
        let table = self
            .value(key)?
            .as_table()
            .ok_or_else(|| SettingsError::at(key, "must be a table of texts"))?;
        table
            .iter()
            .map(|(name, value)| {
                text(&format!("{key}.{name}"), value).map(|text| (name.clone(), text))
            })
            .collect()
    }
}

/// A text without control characters: whatever is configured may end in a header or a form.
fn text(key: &str, value: &Value) -> Result<String, SettingsError> {
    let text = value
        .as_str()
        .ok_or_else(|| SettingsError::at(key, "must be a text in quotes"))?;
    if text.chars().any(char::is_control) {
        return Err(SettingsError::at(
            key,
            "must not hold line breaks or other control characters",
        ));
    }
    Ok(text.trim().to_owned())
}

/// `own` over `base`: tables are merged, everything else is replaced. Unknown keys are kept and do no harm.
pub(crate) fn merge(base: &mut Table, own: &Table) {
    for (key, value) in own {
        match (base.get_mut(key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Moves the user's keys to where the descriptor has them: a key that stands directly under the service but occurs in
/// exactly one of the descriptor's tables means that one (`pkce = true` is `oauth.pkce`).
pub(crate) fn settle(descriptor: &Table, own: &Table) -> Table {
    let mut settled = Table::new();
    let mut moved = Table::new();
    for (key, value) in own {
        let sections: Vec<&String> = descriptor
            .iter()
            .filter(|(_, section)| {
                section
                    .as_table()
                    .is_some_and(|section| section.contains_key(key))
            })
            .map(|(name, _)| name)
            .collect();
        match sections.as_slice() {
            [section] if !descriptor.contains_key(key) => {
                let mut inner = Table::new();
                inner.insert(key.clone(), value.clone());
                let mut outer = Table::new();
                outer.insert((*section).clone(), Value::Table(inner));
                merge(&mut moved, &outer);
            }
            _ => {
                settled.insert(key.clone(), value.clone());
            }
        }
    }
    merge(&mut moved, &settled);
    moved
}
