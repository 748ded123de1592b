//! Builds the front ends for browsers, with nothing but cargo: compiles each to WebAssembly, makes its JavaScript,
//! gives every file a name with its content's hash, and lays Brotli and gzip twins beside it.
//!
//! What it writes, for each front end: `OUT/NAME/index.html` and, beside it, the files that this page names. Their
//! names change with their content, so all but `index.html` may be cached for ever.

mod bindgen;
mod bundle;
mod compile;
mod file;
mod front;
mod squeeze;
mod style;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::{compile::Compiler, front::Front};

/// Builds the front ends for browsers.
#[derive(Parser)]
struct Arguments {
    /// Where the folders of the front ends go; `dashboard` in cargo's target folder by default.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only these front ends.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Quick to build, with made-up states behind `?fixture=`, and not compressed.
    #[arg(long)]
    dev: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let project = project()?;
    let compiler = Compiler::new(project.clone(), arguments.dev)?;
    let out = arguments
        .out
        .unwrap_or_else(|| compiler.target_folder().join("dashboard"));
    for front in Front::all()
        .into_iter()
        .filter(|front| arguments.only.is_empty() || arguments.only.contains(&front.name))
    {
        let program = compiler.compile(&front)?;
        let page = bindgen::page(&program)?;
        let bundle = bundle::assemble(&front, &project.join("dashboard"), page)?;
        let sizes = bundle
            .write(&out, !arguments.dev)
            .with_context(|| format!("{} could not be written to {}", front.name, out.display()))?;
        println!(
            "built {} in {}: {sizes}",
            front.name,
            out.join(&front.name).display()
        );
    }
    Ok(())
}

/// The checkout this was started from. Asked when it runs: checkouts that share one target folder share this program.
fn project() -> Result<PathBuf> {
    let own = std::env::var("CARGO_MANIFEST_DIR").context("start it with cargo run -p carillon-bundler")?;
    let project = PathBuf::from(own).join("../..");
    project
        .canonicalize()
        .with_context(|| format!("{} is not there", project.display()))
}
