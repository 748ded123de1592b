use carillon_domain::catalog::apply::{Applied, ApplyError, ApplyFile, Environment, resolve};
use carillon_domain::catalog::{Account, Compiled, NextIds, Secret, Snapshot};
use carillon_domain::number_range::NumberRanges;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::sync::{Arc, LazyLock};

pub const DEMO: &str = include_str!("../../../../deploy/demo.toml");
const RANGES: &str = include_str!("../../../../deploy/demo-ranges.csv");

/// The demo hospital's catalog.
static CATALOG: LazyLock<Compiled> = LazyLock::new(|| {
    let file = toml::from_str(DEMO).expect("the demo's apply file can be read");
    let applied = applied(&file).expect("the demo's apply file is sound");
    Compiled::new(Arc::new(applied.snapshot)).expect("the demo's catalog can be compiled")
});
static NUMBER_RANGES: LazyLock<NumberRanges> =
    LazyLock::new(|| NumberRanges::parse(RANGES).expect("the demo's ranges are sound"));

pub fn catalog() -> &'static Compiled {
    &CATALOG
}

/// The demo's busiest account, which may do everything.
pub fn account() -> &'static Account {
    CATALOG.account_by_name("his").expect("the demo has it")
}

pub fn ranges() -> &'static NumberRanges {
    &NUMBER_RANGES
}

/// What a file makes of an empty catalog.
pub fn applied(file: &ApplyFile) -> Result<Applied, Vec<ApplyError>> {
    resolve(
        file,
        &Snapshot::default(),
        NextIds::default(),
        &Nowhere::default(),
    )
}

/// A world with one value for every variable and without files.
#[derive(Default)]
struct Nowhere {
    keys_made: Cell<u32>,
}

impl Environment for Nowhere {
    fn variable(&self, _: &str) -> Result<String, String> {
        Ok("secret08".to_owned())
    }

    fn file(&self, _: &str) -> Result<String, String> {
        Err("there is none".to_owned())
    }

    fn sha256(&self, text: &str) -> [u8; 32] {
        Sha256::digest(text).into()
    }

    fn new_api_key(&self) -> Secret {
        let number = self.keys_made.get();
        self.keys_made.set(number + 1);
        Secret::new(format!("ck_{number:010}"))
    }
}
