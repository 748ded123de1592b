use super::arguments::CheckConfig;
use crate::config::{Overrides, load};
use crate::service::{Failed, number_ranges};

pub fn check_config(arguments: &CheckConfig) -> Result<(), Failed> {
    let config = load(Some(&arguments.file), Overrides::default())?;
    super::log::filter(&config.log)?;
    number_ranges(&config.numbers)?;
    print!(
        "{}",
        toml::to_string(&config).expect("the settings are plain TOML")
    );
    Ok(())
}
