//! Loading: layers are taken apart, each setting is checked by itself, the sound ones are put together and checked as a
//! whole. Problems are collected, not thrown, so that one start tells everything.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment is a layer of the configuration"
)]

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use figment::Figment;

use super::{
    Config, ConfigErrors, ConfigProblem, Origin,
    error::Finding,
    known::{self, Known, KnownKeys},
    layers::{self, Setting},
    wording::explain,
};

/// Read when no file is named and this one exists.
const DEFAULT_FILE: &str = "callboard.toml";
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What the command line says about configuration.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The file to read; without it `callboard.toml` in the working directory, if there is one.
    pub file: Option<PathBuf>,
    /// Values given as flags, by key: `("server.listen", "127.0.0.1:0")`.
    pub overrides: Vec<(String, String)>,
    /// Names of the roles that may be configured: those that the packs bring.
    pub roles: Vec<&'static str>,
}

impl Config {
    /// Defaults, then the file, then the environment, then flags. Errors with everything that is wrong.
    pub fn load(options: LoadOptions) -> Result<Self, ConfigErrors> {
        // A variable that is not Unicode cannot bear a value of ours; it is reported by its broken text.
        let environment = std::env::vars_os().map(|(name, text)| {
            (
                name.to_string_lossy().into_owned(),
                text.to_string_lossy().into_owned(),
            )
        });
        load(options, environment)
    }
}

fn load(
    options: LoadOptions,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigErrors> {
    let known = KnownKeys::new(&options.roles);
    let mut problems = Vec::new();
    let mut settings = file_settings(options.file.as_deref()).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    settings.extend(layers::env(environment, &known));
    settings.extend(layers::flags(options.overrides, &known));

    let mut unknown = BTreeSet::new();
    settings.retain(|setting| match check(setting, &known) {
        Ok(()) => true,
        Err(ConfigProblem::UnknownKey { key, origin, .. })
            if !unknown.insert((key.clone(), origin.to_string())) =>
        {
            false
        }
        Err(problem) => {
            problems.push(problem);
            false
        }
    });

    let config = settings
        .iter()
        .fold(Figment::from(known::defaults()), |figment, setting| {
            figment.merge(setting)
        });
    let config: Config = config
        .extract()
        .expect("every setting was extracted by itself before");
    problems.extend(
        config
            .findings()
            .into_iter()
            .map(|finding| locate(finding, &settings)),
    );
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigErrors(problems))
    }
}

fn file_settings(named: Option<&Path>) -> Result<Vec<Setting>, ConfigProblem> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match read_bounded(path) {
        Ok(text) => layers::file(path, &text),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Vec::new()),
        Err(error) => {
            let message = format!("cannot read the file: {error}");
            Err(ConfigProblem::Unreadable {
                message,
                origin: Origin::File(path.to_owned()),
            })
        }
    }
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > FILE_BYTES_MAX {
        let message = format!("{bytes} bytes, more than {FILE_BYTES_MAX}");
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, message));
    }
    std::fs::read_to_string(path)
}

/// The key exists and the value has its type.
fn check(setting: &Setting, known: &KnownKeys) -> Result<(), ConfigProblem> {
    let value_problem = |message: String| ConfigProblem::Value {
        key: setting.path.join("."),
        message,
        origin: setting.origin.clone(),
    };
    match known.find(&setting.path) {
        Known::Unknown { key, near } => Err(ConfigProblem::UnknownKey {
            key,
            near,
            origin: setting.origin.clone(),
        }),
        Known::Section if setting.value.as_dict().is_some() => Ok(()),
        Known::Section => Err(value_problem("is a section, not a value".to_owned())),
        Known::Key(_) => Figment::from(known::defaults())
            .merge(setting)
            .extract::<Config>()
            .map(drop)
            .map_err(|error| value_problem(explain(&error.kind))),
    }
}

/// The last layer that set the key is the one to blame.
fn locate(finding: Finding, settings: &[Setting]) -> ConfigProblem {
    let setting = settings
        .iter()
        .rev()
        .find(|setting| setting.path == finding.path);
    ConfigProblem::Value {
        key: finding.path.join("."),
        message: finding.message,
        origin: setting.map_or(Origin::Default, |setting| setting.origin.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use figment::value::Value;

    use super::*;

    const DEFAULT_TOML: &str = include_str!("../../config/default.toml");
    const EXAMPLE_ENV: &str = include_str!("../../config/example.env");
    const ROLES: [&str; 2] = ["drill.noop", "market.analyst"];

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn load_from(
        file: &str,
        env: &[(&str, &str)],
        flags: &[(&str, &str)],
    ) -> Result<Config, Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, file).unwrap();
        let options = LoadOptions {
            file: Some(path),
            overrides: pairs(flags),
            roles: ROLES.to_vec(),
        };
        load(options, pairs(env).into_iter()).map_err(|ConfigErrors(problems)| {
            let dir = format!("{}/", dir.path().display());
            problems
                .iter()
                .map(|problem| problem.to_string().replace(&dir, ""))
                .collect()
        })
    }

    #[test]
    fn a_later_layer_wins_over_an_earlier_one() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\nwaiters_max = 7\n[store]\nreaders = 2\n";
        let env = [
            ("CALLBOARD_SERVER__LISTEN", "127.0.0.1:2"),
            ("CALLBOARD_STORE__READERS", "3"),
            ("PATH", "/bin"),
        ];
        let config = load_from(file, &env, &[("server.listen", "127.0.0.1:3")]).unwrap();
        assert_eq!(config.server.listen.port(), 3);
        assert_eq!(config.server.waiters_max, 7);
        assert_eq!(config.store.readers.get(), 3);
        assert_eq!(config.server.drain_grace, Duration::from_secs(30));
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_source() {
        let file = "[server]\nlistne = \"x\"\nbody_bytes_max = \"big\"\n[sotre]\nreaders = 1\n[log]\nfilter = \"a=b=c\"\n";
        let env = [
            ("CALLBOARD_COORDINATOR__SHARDS", "0"),
            ("CALLBOARD_STORE__SYNCHRONOUS", "off"),
            ("CALLBOARD_SERVER", "x"),
            ("CALLBOARD_SERVER__DATA_DIR", "x"),
        ];
        let flags = [
            ("server.drain_grace", "30"),
            ("server.handover_grace", "31s"),
            ("runtime.crew_share_max", "20000"),
        ];
        insta::assert_snapshot!(load_from(file, &env, &flags).unwrap_err().join("\n"), @r#"
        server.body_bytes_max: expected a whole number of at least 1, found "big" (file c.toml)
        server.listne: unknown key, did you mean `server.listen`? (file c.toml)
        sotre: unknown key, did you mean `store`? (file c.toml)
        coordinator.shards: expected a whole number from 1 to 4294967295, found 0 (env CALLBOARD_COORDINATOR__SHARDS)
        server: is a section, not a value (env CALLBOARD_SERVER)
        server.data_dir: unknown key, did you mean `store.data_dir`? (env CALLBOARD_SERVER__DATA_DIR)
        store.synchronous: expected one of full, normal, found `off` (env CALLBOARD_STORE__SYNCHRONOUS)
        server.drain_grace: expected a duration such as "250ms", "30s", "5m", "2h" or "90d", found "30" (flag server.drain_grace)
        server.handover_grace: must be at most 30 s (flag server.handover_grace)
        runtime.crew_share_max: must be at most runtime.crew_queue_max: a share is a part of the queue (flag runtime.crew_share_max)
        log.filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5 (file c.toml)
        "#);
    }

    #[test]
    fn nobody_is_asked_who_they_are_on_loopback_alone() {
        let open = ("CALLBOARD_AUTH__INSECURE_LOOPBACK", "true");
        let reachable = ("CALLBOARD_SERVER__LISTEN", "0.0.0.0:7070");
        let refused = load_from("", &[open, reachable], &[]).unwrap_err();
        let told = "auth.insecure_loopback: other machines can reach 0.0.0.0:7070";
        assert!(refused[0].starts_with(told), "{refused:?}");
        assert!(
            refused[0].ends_with("(env CALLBOARD_AUTH__INSECURE_LOOPBACK)"),
            "{refused:?}"
        );
        load_from("", &[open], &[]).unwrap();
        load_from("", &[reachable], &[]).unwrap();
    }

    #[test]
    fn roles_are_overridden_in_every_layer_by_their_full_name() {
        let file =
            "[roles.\"market.analyst\"]\nworkers = 3\n[roles.drill.noop]\ntimeout = \"5s\"\n";
        let config = load_from(
            file,
            &[("CALLBOARD_ROLES__MARKET__ANALYST__CONCURRENCY", "8")],
            &[("roles.drill.noop.workers", "1")],
        )
        .unwrap();
        let analyst = &config.roles["market.analyst"];
        assert_eq!(
            (analyst.workers, analyst.concurrency),
            (NonZeroU32::new(3), NonZeroU32::new(8))
        );
        let noop = &config.roles["drill.noop"];
        assert_eq!(
            (noop.workers, noop.timeout),
            (NonZeroU32::new(1), Some(Duration::from_secs(5)))
        );
    }

    #[test]
    fn an_unknown_key_of_a_role_is_refused() {
        let refused = load_from("", &[], &[("roles.drill.noop.worker", "1")]).unwrap_err();
        assert_eq!(
            refused,
            [
                "roles.drill.noop.worker: unknown key, did you mean `roles.drill.noop.workers`? (flag roles.drill.noop.worker)"
            ]
        );
    }

    #[test]
    fn a_role_that_no_pack_brings_is_an_unknown_key_of_its_layer() {
        let file = "[roles.\"market.analist\"]\nworkers = 3\ntimeout = \"x\"\n[roles.\"\"]\n";
        let env = [("CALLBOARD_ROLES__DRILL__NOP__WORKERS", "2")];
        let refused = load_from(file, &env, &[("server.lisen", "x")]).unwrap_err();
        assert_eq!(
            refused,
            [
                "roles.: unknown key (file c.toml)",
                "roles.market.analist: unknown key, did you mean `roles.market.analyst`? (file c.toml)",
                "roles.drill.nop: unknown key, did you mean `roles.drill.noop`? (env CALLBOARD_ROLES__DRILL__NOP__WORKERS)",
                "server.lisen: unknown key, did you mean `server.listen`? (flag server.lisen)",
            ]
        );
    }

    #[test]
    fn a_value_of_the_wrong_form_is_shown_with_the_form_it_should_have() {
        let file = "[server]\nlisten = \"localhost:7070\"\nwaiters_max = -1\n[store]\ndata_dir = 42\n\
                    readers = 99999999999\n[log]\nfilter = [1.5]\n[auth]\ninsecure_loopback = 1\n";
        insta::assert_snapshot!(load_from(file, &[], &[("server.listen", "7070")]).unwrap_err().join("\n"), @r#"
        auth.insecure_loopback: expected true or false, found 1 (file c.toml)
        log.filter: expected text, found a list (file c.toml)
        server.listen: expected an IP address and a port such as "127.0.0.1:7070" or "[::1]:7070", found "localhost:7070" (file c.toml)
        server.waiters_max: expected a whole number of at least 0, found -1 (file c.toml)
        store.data_dir: expected text, found 42 (file c.toml)
        store.readers: expected a whole number from 1 to 4294967295, found 99999999999 (file c.toml)
        server.listen: expected an IP address and a port such as "127.0.0.1:7070" or "[::1]:7070", found "7070" (flag server.listen)
        "#);
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text_where_text_belongs() {
        let config = load_from("", &[("CALLBOARD_STORE__DATA_DIR", "42")], &[]).unwrap();
        assert_eq!(config.store.data_dir, PathBuf::from("42"));
    }

    #[test]
    fn a_file_that_is_no_toml_is_refused_by_line() {
        let refused = load_from("[server\n", &[], &[("log.format", "xml")]).unwrap_err();
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert!(
            refused[0].contains("line 1") && !refused[0].contains('\n'),
            "{refused:?}"
        );
    }

    #[test]
    fn a_named_file_that_is_missing_is_refused() {
        let options = LoadOptions {
            file: Some(PathBuf::from("nowhere/callboard.toml")),
            ..LoadOptions::default()
        };
        let refused = load(options, std::iter::empty()).unwrap_err().to_string();
        assert!(
            refused.contains("cannot read the file") && refused.contains("nowhere/callboard.toml"),
            "{refused}"
        );
    }

    #[test]
    fn the_printed_configuration_loads_as_itself() {
        let file = "[store]\ndata_dir = \"/srv/x\"\nsynchronous = \"normal\"\n[roles.\"drill.noop\"]\ntimeout = \"90s\"\n";
        let config = load_from(file, &[], &[]).unwrap();
        assert_eq!(load_from(&config.to_toml(), &[], &[]).unwrap(), config);
    }

    #[test]
    fn the_default_file_has_every_key_once_and_changes_nothing() {
        let config = load_from(DEFAULT_TOML, &[], &[]).unwrap();
        assert_eq!(config, Config::default());
        let settings = layers::file(Path::new("default.toml"), DEFAULT_TOML).unwrap();
        let written: Vec<_> = settings
            .iter()
            .map(|setting| setting.path.join("."))
            .collect();
        assert_eq!(
            written.iter().collect::<BTreeSet<_>>(),
            every_key().iter().collect()
        );
    }

    #[test]
    fn the_default_file_explains_every_key() {
        let lines: Vec<_> = DEFAULT_TOML.lines().collect();
        for pair in lines.windows(2) {
            let is_key = pair[1].contains(" = ") && !pair[1].starts_with('#');
            assert!(
                !is_key || pair[0].starts_with("# "),
                "no comment above `{}`",
                pair[1]
            );
        }
        for key in ["workers", "concurrency", "timeout"] {
            assert!(
                lines
                    .iter()
                    .any(|line| line.starts_with(&format!("# {key} = "))),
                "no example of {key}"
            );
        }
    }

    #[test]
    fn the_example_environment_has_every_key_once_and_changes_nothing() {
        let assignments = EXAMPLE_ENV
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let env: Vec<_> = assignments
            .map(|line| line.split_once('=').unwrap())
            .collect();
        assert_eq!(load_from("", &env, &[]).unwrap(), Config::default());
        let settings = layers::env(pairs(&env).into_iter(), &KnownKeys::new(&ROLES));
        let written: Vec<_> = settings
            .iter()
            .map(|setting| setting.path.join("."))
            .collect();
        assert_eq!(written.len(), every_key().len());
        assert_eq!(written.into_iter().collect::<BTreeSet<_>>(), every_key());
    }

    fn every_key() -> BTreeSet<String> {
        let defaults = Value::serialize(Config::default()).unwrap();
        let mut keys = BTreeSet::new();
        let mut sections = vec![(String::new(), defaults)];
        while let Some((path, value)) = sections.pop() {
            match value.into_dict() {
                // Of roles there is none by default.
                Some(dict) => sections.extend(dict.into_iter().map(|(key, value)| {
                    let path = if path.is_empty() {
                        key
                    } else {
                        format!("{path}.{key}")
                    };
                    (path, value)
                })),
                None => drop(keys.insert(path)),
            }
        }
        keys
    }
}
