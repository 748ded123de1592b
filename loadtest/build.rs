//! Tells the program which compiler made it and how: measurements name both.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("cargo::rustc-env=CARILLON_RUSTC={}", version.unwrap_or_default());
    let level = env::var("OPT_LEVEL").unwrap_or_default();
    println!("cargo::rustc-env=CARILLON_OPT_LEVEL={level}");
}
