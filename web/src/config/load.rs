use super::sections::Config;
use carillon_catalog::AddressError;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Before the name of every variable: `http.port` is `CARILLON_HTTP_PORT`.
const PREFIX: &str = "CARILLON_";

/// What the command line may override.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    pub port: Option<u16>,
    pub bind: Option<IpAddr>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("there is no configuration file {}", .0.display())]
    Missing(PathBuf),
    #[error("the configuration is not valid")]
    Invalid(#[source] Box<figment::Error>),
    #[error("catalog.url is not the address of a PostgreSQL database")]
    CatalogAddress(#[source] AddressError),
    #[error("the password in {} cannot be read", path.display())]
    Password {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{key} is not a name: {reason}")]
    NoName { key: &'static str, reason: &'static str },
    #[error("{key} is not given: {reason}")]
    NotGiven { key: &'static str, reason: &'static str },
    #[error("{key} is {value}, outside {min}…{max}")]
    OutOfRange {
        key: &'static str,
        value: u64,
        min: u64,
        max: u64,
    },
}

/// Defaults, then the file, then the environment, then the command line. Unknown keys of the file are refused by name.
///
/// Variables are taken by the names of known keys only: orchestrators set others with this prefix by themselves (a service
/// called `carillon` makes Kubernetes set `CARILLON_PORT`).
pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Config, ConfigError> {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError::Missing(file.to_owned()));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    let keys = keys_by_variable();
    figment = figment.merge(Env::prefixed(PREFIX).filter_map(move |name| {
        keys.get(&name.as_str().to_ascii_uppercase())
            .map(|key| key.clone().into())
    }));
    if let Some(port) = overrides.port {
        figment = figment.merge(Serialized::default("http.port", port));
    }
    if let Some(bind) = overrides.bind {
        figment = figment.merge(Serialized::default("http.bind", bind));
    }
    let config: Config = figment
        .extract()
        .map_err(|error| ConfigError::Invalid(Box::new(error)))?;
    config.check()?;
    Ok(config)
}

/// The dotted key of every setting by its variable's name without the prefix.
fn keys_by_variable() -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let defaults = toml::Table::try_from(Config::default()).expect("the defaults are plain TOML");
    for (section, values) in &defaults {
        for key in values.as_table().into_iter().flat_map(toml::Table::keys) {
            keys.insert(
                format!("{section}_{key}").to_ascii_uppercase(),
                format!("{section}.{key}"),
            );
        }
    }
    keys
}

#[cfg(test)]
#[expect(clippy::result_large_err, reason = "the error type is figment's")]
mod tests {
    use super::*;
    use figment::Jail;

    fn error_text(error: ConfigError) -> String {
        crate::http::Chain(&error).to_string()
    }

    #[test]
    fn the_commented_default_file_says_what_the_defaults_are() {
        Jail::expect_with(|jail| {
            let text = include_str!("../../../deploy/carillon.toml");
            jail.create_file("carillon.toml", text)?;
            assert_eq!(
                load(Some(Path::new("carillon.toml")), Overrides::default()).unwrap(),
                Config::default()
            );
            let file: toml::Table = text.parse().unwrap();
            let named: usize = file
                .values()
                .filter_map(toml::Value::as_table)
                .map(toml::Table::len)
                .sum();
            assert_eq!(named, keys_by_variable().len(), "every key stands in the file");
            Ok(())
        });
    }

    #[test]
    fn each_source_overrides_those_before_it() {
        Jail::expect_with(|jail| {
            jail.create_file(
                "c.toml",
                "[http]\nport = 1001\nkeep_alive_s = 9\n[log]\nfilter = \"warn\"",
            )?;
            jail.set_env("CARILLON_HTTP_PORT", "1002");
            jail.set_env("CARILLON_LIMITS_BATCH_LINES_MAX", "7");
            jail.set_env("CARILLON_PORT", "tcp://10.0.0.1:80");
            let file = Some(Path::new("c.toml"));
            let config = load(file, Overrides::default()).unwrap();
            assert_eq!(
                (
                    config.http.port,
                    config.http.keep_alive_s,
                    config.limits.batch_lines_max
                ),
                (1002, 9, 7)
            );
            assert_eq!(config.log.filter, "warn");
            let keep = config.history_options(Default::default()).keep;
            assert_eq!(
                (keep.bytes_max, keep.floor),
                (None, config.lane_options().feed_retention)
            );
            let bind = Some("0.0.0.0".parse().unwrap());
            let config = load(file, Overrides { port: Some(0), bind }).unwrap();
            assert_eq!(
                (config.http.port, config.http.bind.to_string().as_str()),
                (0, "0.0.0.0")
            );
            Ok(())
        });
    }

    #[test]
    fn unknown_ill_typed_and_senseless_settings_are_refused_by_name() {
        Jail::expect_with(|jail| {
            for (text, word) in [
                ("[http]\nprot = 1", "prot"),
                ("[htp]\nport = 1", "htp"),
                ("[http]\nport = \"x\"", "http.port"),
                ("[http]\nport = 99999", "http.port"),
                ("[log]\nformat = \"xml\"", "xml"),
                ("[limits]\nbatch_lines_max = 0", "limits.batch_lines_max"),
                (
                    "[journal]\ndisk_free_bytes_min = 1000000",
                    "journal.disk_free_bytes_min",
                ),
                ("[history]\nkeep_bytes_max = 1000000", "history.keep_bytes_max"),
                ("not toml", "TOML"),
            ] {
                jail.create_file("c.toml", text)?;
                let error = error_text(load(Some(Path::new("c.toml")), Overrides::default()).unwrap_err());
                assert!(error.contains(word), "{text}: {error}");
            }
            let error = load(Some(Path::new("absent.toml")), Overrides::default()).unwrap_err();
            assert!(error_text(error).contains("absent.toml"));
            Ok(())
        });
    }
}
