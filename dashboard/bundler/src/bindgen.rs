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
    /// JavaScript that crates bring along.
    pub snippets: Vec<Snippet>,
}

/// A module that [`Page::script`] imports.
pub struct Snippet {
    /// As the import names it.
    pub path: String,
    pub script: String,
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
        output.npm_dependencies().is_empty(),
        "a crate wants packages from npm, which this bundler does not fetch"
    );
    let inline = output.snippets().iter().flat_map(|(crate_name, scripts)| {
        scripts.iter().enumerate().map(move |(index, script)| Snippet {
            path: format!("./snippets/{crate_name}/inline{index}.js"),
            script: script.clone(),
        })
    });
    let files = output.local_modules().iter().map(|(path, script)| Snippet {
        path: format!("./snippets/{path}"),
        script: script.clone(),
    });
    let mut snippets: Vec<_> = inline.chain(files).collect();
    snippets.sort_by(|a, b| a.path.cmp(&b.path));
    let script = output.js().to_owned();
    Ok(Page {
        script,
        module: output.wasm_mut().emit_wasm(),
        snippets,
    })
}
