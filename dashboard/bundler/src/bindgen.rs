//! The JavaScript between a page and its WebAssembly.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// A page's program as browsers load it.
pub struct Page {
    /// An ES module whose default export starts the program.
    pub script: String,
    /// The WebAssembly module.
    pub module: Vec<u8>,
}

/// Makes a compiled program into what browsers load.
pub fn page(program: &Path) -> Result<Page> {
    let mut output = Bindgen::new()
        .input_path(program)
        .out_name("page")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .with_context(|| format!("no JavaScript could be made for {}", program.display()))?;
    ensure!(
        output.snippets().is_empty()
            && output.local_modules().is_empty()
            && output.npm_dependencies().is_empty(),
        "a crate brings JavaScript of its own, which this bundler does not carry"
    );
    let script = output.js().to_owned();
    Ok(Page {
        script,
        module: output.wasm_mut().emit_wasm(),
    })
}
