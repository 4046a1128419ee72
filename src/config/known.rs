//! Which keys exist, taken from the defaults themselves.

use figment::{providers::Serialized, value::Dict, value::Value};

use super::{Config, RoleConfig};

/// Keys below `roles` are role names, which may contain dots.
const ROLES: &str = "roles";
/// How alike two keys must be for one to be suggested for the other (Jaro-Winkler, 0 to 1).
const NEAR_MIN: f64 = 0.75;

pub struct KnownKeys(Value);

/// What the tree says of a key path.
pub enum Known<'a> {
    Key(&'a Value),
    Section,
    /// The path up to its first unknown part, and the nearest known one.
    Unknown {
        key: String,
        near: Option<String>,
    },
}

impl KnownKeys {
    /// `roles` are the names that may stand below `roles`.
    pub fn new(roles: &[&str]) -> Self {
        let config = Config {
            roles: roles
                .iter()
                .map(|role| ((*role).to_owned(), RoleConfig::every_key()))
                .collect(),
            ..Config::default()
        };
        Self(Value::serialize(&config).expect("the defaults have a plain form"))
    }

    pub fn find(&self, path: &[String]) -> Known<'_> {
        let mut node = &self.0;
        for (depth, part) in path.iter().enumerate() {
            let next = node.as_dict().and_then(|keys| keys.get(part));
            match (next, node.as_dict()) {
                (Some(next), _) => node = next,
                // A table where a plain value belongs: the type check names it.
                (None, None) => return Known::Key(node),
                (None, Some(siblings)) => {
                    let near = near(part, siblings).map(|near| join(&path[..depth], near));
                    let near = near.or_else(|| self.elsewhere(path.last()?));
                    return Known::Unknown {
                        key: path[..=depth].join("."),
                        near,
                    };
                }
            }
        }
        if node.as_dict().is_some() {
            Known::Section
        } else {
            Known::Key(node)
        }
    }

    /// A key of that very name in another section.
    fn elsewhere(&self, name: &str) -> Option<String> {
        let sections = self.0.as_dict()?;
        let (section, _) = sections
            .iter()
            .find(|(_, keys)| keys.as_dict().is_some_and(|keys| keys.contains_key(name)))?;
        Some(format!("{section}.{name}"))
    }
}

fn near<'a>(part: &str, siblings: &'a Dict) -> Option<&'a str> {
    siblings
        .keys()
        .map(|candidate| (strsim::jaro_winkler(part, candidate), candidate.as_str()))
        .filter(|(likeness, _)| *likeness >= NEAR_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn join(parents: &[String], name: &str) -> String {
    parents
        .iter()
        .map(String::as_str)
        .chain([name])
        .collect::<Vec<_>>()
        .join(".")
}

/// The parts of a path as the sections have them: the name of a role is one part, however many dots it has.
pub fn path_of(parts: Vec<String>) -> Vec<String> {
    match parts.as_slice() {
        [section, name @ .., key] if section == ROLES && name.len() > 1 => {
            vec![section.clone(), name.join("."), key.clone()]
        }
        _ => parts,
    }
}

/// The defaults as the lowest layer.
pub fn defaults() -> Serialized<Config> {
    Serialized::defaults(Config::default())
}
