use super::Failed;
use super::arguments::CheckConfig;
use crate::config::{Overrides, load};

pub fn check_config(arguments: &CheckConfig) -> Result<(), Failed> {
    let config = load(Some(&arguments.file), Overrides::default())?;
    super::log::filter(&config.log)?;
    super::storage::number_ranges(&config.numbers)?;
    print!(
        "{}",
        toml::to_string(&config).expect("the settings are plain TOML")
    );
    Ok(())
}
