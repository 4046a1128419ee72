//! The layers above the defaults, each taken apart into single settings that know where they came from.

use std::path::Path;

use figment::{
    Error, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};

use super::{
    client::KEY_VARIABLE,
    error::{ConfigProblem, Origin},
    known::{Known, KnownKeys, path_of},
};

/// Prefix of every environment variable that configures the server; `__` separates section and key.
const ENV_PREFIX: &str = "CALLBOARD_";
const ENV_SEPARATOR: &str = "__";

/// One value of one layer.
#[derive(Clone)]
pub struct Setting {
    pub path: Vec<String>,
    pub value: Value,
    pub origin: Origin,
}

impl Provider for Setting {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let value = self
            .path
            .iter()
            .rev()
            .fold(self.value.clone(), |value, part| {
                Dict::from([(part.clone(), value)]).into()
            });
        Ok(Map::from([(
            Profile::Default,
            value.into_dict().unwrap_or_default(),
        )]))
    }
}

/// Settings of a TOML file.
pub fn file(path: &Path, text: &str) -> Result<Vec<Setting>, ConfigProblem> {
    let origin = Origin::File(path.to_owned());
    let sections = Toml::string(text)
        .data()
        .map_err(|error| ConfigProblem::Unreadable {
            message: one_line(&error.kind.to_string()),
            origin: origin.clone(),
        })?;
    let mut settings = Vec::new();
    for (part, value) in sections.into_values().flatten() {
        take_apart(vec![part], value, &origin, &mut settings);
    }
    Ok(settings)
}

fn take_apart(path: Vec<String>, value: Value, origin: &Origin, settings: &mut Vec<Setting>) {
    match value {
        Value::Dict(_, keys) if !keys.is_empty() => {
            for (part, value) in keys {
                let path = path.iter().cloned().chain([part]).collect();
                take_apart(path, value, origin, settings);
            }
        }
        value => settings.push(Setting {
            path: path_of(path),
            value,
            origin: origin.clone(),
        }),
    }
}

/// A parser's message without its excerpt of the file: the first line says where, the last one what.
fn one_line(message: &str) -> String {
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.as_slice() {
        [first, .., last] => format!("{first}: {last}"),
        _ => message.to_owned(),
    }
}

/// Settings of the variables that bear the prefix, in order of their names.
pub fn env(variables: impl Iterator<Item = (String, String)>, known: &KnownKeys) -> Vec<Setting> {
    let mut variables: Vec<_> = variables
        .filter(|(name, _)| name.starts_with(ENV_PREFIX) && name != KEY_VARIABLE)
        .collect();
    variables.sort();
    let setting = |(name, text): (String, String)| {
        let key = name[ENV_PREFIX.len()..].to_ascii_lowercase();
        let path = path_of(key.split(ENV_SEPARATOR).map(str::to_owned).collect());
        Setting {
            value: read(&path, text, known),
            path,
            origin: Origin::Env(name),
        }
    };
    variables.into_iter().map(setting).collect()
}

/// Settings given as `section.key` on the command line.
pub fn flags(overrides: Vec<(String, String)>, known: &KnownKeys) -> Vec<Setting> {
    let setting = |(key, text): (String, String)| {
        let path = path_of(key.split('.').map(str::to_owned).collect());
        Setting {
            value: read(&path, text, known),
            path,
            origin: Origin::Flag(key),
        }
    };
    overrides.into_iter().map(setting).collect()
}

/// Text stays text where text belongs, even when it looks like a number.
fn read(path: &[String], text: String, known: &KnownKeys) -> Value {
    match known.find(path) {
        Known::Key(Value::String(..)) | Known::Section | Known::Unknown { .. } => Value::from(text),
        Known::Key(_) => text.parse().unwrap_or_else(|never| match never {}),
    }
}
