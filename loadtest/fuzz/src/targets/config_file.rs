use super::texts;
use crate::{Memory, Target};
use carillon::config::{Overrides, load};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use tempfile::TempDir;

/// The settings of the service.
pub static CONFIG_FILE: Target = Target {
    name: "config_file",
    run,
    seeds: || {
        texts(&[
            include_str!("../../../../deploy/carillon.toml"),
            "[http]\nport = 1001\nproxies = [\"10.0.0.0/8\"]\n[limits]\nbatch_lines_max = 7\n[log]\nformat = \"json\"\n",
        ])
    },
    words: &[
        "[http]",
        "[journal]",
        "port = ",
        "= 0x",
        "'''",
        "\"\"\"",
        "= [[[[[[[[",
        "{a={a={a=",
        "1979-05-27",
        "inf",
        "a.b.c.d = 1\n",
    ],
    // Every key with the place where it was set.
    memory: Memory {
        fixed_bytes: 1 << 20,
        per_input_byte: 1_024,
    },
    input_bytes_max: 24 * 1024,
};

static FILE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let file = folder.path().join("carillon.toml");
    (folder, file)
});

fn run(input: &[u8]) {
    let file = &FILE.1;
    fs::write(file, input).expect("a file of our own");
    match load(Some(file), Overrides::default()) {
        Ok(config) => config.check().expect("what was loaded was checked"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
