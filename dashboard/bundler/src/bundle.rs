//! What a server serves for one front end.
//!
//! Page, style sheets and the starting script name other files as `asset:NAME`; here that becomes the address of the
//! file with its hash. A front end's own files are in its folders `style/` and `asset/` and in `index.html`, where
//! `<!-- bundle -->` stands for everything that the page needs; those of the kit come before them.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    bindgen::Page,
    file::{File, hash},
    front::Front,
    squeeze, style,
};

const MARK: &str = "asset:";
const PLACE: &str = "<!-- bundle -->";

/// The files of one front end.
pub struct Bundle {
    name: String,
    files: Vec<File>,
}

/// What a browser downloads, in bytes.
pub struct Sizes {
    plain: usize,
    brotli: usize,
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {} with Brotli", self.plain, self.brotli)
    }
}

/// Puts a front end's files together; `dashboard` is the folder of all front ends.
pub fn assemble(front: &Front, dashboard: &Path, page: Page) -> Result<Bundle> {
    let (kit, own) = (dashboard.join("kit"), dashboard.join(&front.name));
    let mut parts = Parts {
        base: front.base(),
        addresses: BTreeMap::new(),
        files: Vec::new(),
    };
    for path in [&kit, &own]
        .into_iter()
        .flat_map(|folder| assets(&folder.join("asset")))
    {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .context("a file's name is not UTF-8")?;
        parts.add(name, fs::read(&path)?);
    }
    let mut script = page.script;
    for (index, snippet) in page.snippets.into_iter().enumerate() {
        let address = parts.add(&format!("snippet{index}.js"), snippet.script.into_bytes());
        ensure!(script.contains(&snippet.path), "nothing imports {}", snippet.path);
        script = script.replace(&snippet.path, &address);
    }
    parts.add("page.js", script.into_bytes());
    parts.add("page.wasm", page.module);
    let style = style::collect(&[&kit.join("style"), &own.join("style")])?;
    parts.add("page.css", parts.resolve(&style)?.into_bytes());
    parts.add(
        "boot.js",
        parts
            .resolve(&fs::read_to_string(kit.join("boot.js"))?)?
            .into_bytes(),
    );

    let template = fs::read_to_string(own.join("index.html"))?;
    ensure!(
        template.matches(PLACE).count() == 1,
        "{PLACE} must stand once in {}'s page",
        front.name
    );
    let build = hash(parts.addresses.values().cloned().collect::<String>().as_bytes());
    let head = format!(
        r#"<meta name="carillon-build" content="{build}">
<link rel="stylesheet" href="asset:page.css">
<link rel="modulepreload" href="asset:page.js">
<link rel="preload" href="asset:page.wasm" as="fetch" type="application/wasm" crossorigin>
<script type="module" src="asset:boot.js"></script>"#
    );
    let index = parts.resolve(&template.replace(PLACE, &head))?;
    parts.files.push(File {
        name: "index.html".into(),
        content: index.into_bytes(),
    });
    Ok(Bundle {
        name: front.name.clone(),
        files: parts.files,
    })
}

fn assets(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

struct Parts {
    base: String,
    /// Address by plain name.
    addresses: BTreeMap<String, String>,
    files: Vec<File>,
}

impl Parts {
    /// Adds a file; its address.
    fn add(&mut self, name: &str, content: Vec<u8>) -> String {
        let file = File::hashed(name, content);
        let address = format!("{}{}", self.base, file.name);
        self.addresses.insert(name.to_owned(), address.clone());
        self.files.push(file);
        address
    }

    /// Replaces every `asset:NAME` by the file's address.
    fn resolve(&self, text: &str) -> Result<String> {
        let mut pieces = text.split(MARK);
        let mut resolved = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let end = piece
                .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
                .unwrap_or(piece.len());
            let (name, rest) = piece.split_at(end);
            let Some(address) = self.addresses.get(name) else {
                bail!("there is no file {name}")
            };
            resolved.push_str(address);
            resolved.push_str(rest);
        }
        Ok(resolved)
    }
}

impl Bundle {
    /// Writes the files to `out/NAME`, which is replaced as a whole, with compressed twins if wished.
    pub fn write(&self, out: &Path, compress: bool) -> Result<Sizes> {
        let (folder, fresh) = (out.join(&self.name), out.join(format!(".{}.new", self.name)));
        remove(&fresh)?;
        fs::create_dir_all(&fresh)?;
        let mut sizes = Sizes { plain: 0, brotli: 0 };
        for file in &self.files {
            let path = fresh.join(&file.name);
            fs::write(&path, &file.content)?;
            let mut smallest = file.content.len();
            if compress && file.gains_by_compression() {
                let brotli = squeeze::brotli(&file.content)?;
                smallest = brotli.len();
                fs::write(fresh.join(format!("{}.br", file.name)), brotli)?;
                fs::write(
                    fresh.join(format!("{}.gz", file.name)),
                    squeeze::gzip(&file.content)?,
                )?;
            }
            sizes.plain += file.content.len();
            sizes.brotli += smallest;
        }
        remove(&folder)?;
        fs::rename(&fresh, &folder)?;
        Ok(sizes)
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        Ok(fs::remove_dir_all(folder)?)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dashboard() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for (path, text) in [
            (
                "kit/style/base.css",
                "@font-face { src: url(\"asset:a.woff2\"); }",
            ),
            ("kit/asset/a.woff2", "font"),
            ("kit/boot.js", "import start from \"asset:page.js\";"),
            ("wall/index.html", "<html><head><!-- bundle --></head></html>"),
        ] {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        home
    }

    fn wall() -> Front {
        Front::all().swap_remove(0)
    }

    fn page() -> Page {
        Page {
            script: "script".into(),
            module: b"module".to_vec(),
            snippets: Vec::new(),
        }
    }

    #[test]
    fn a_page_names_its_files_by_their_hash() {
        let home = dashboard();
        let bundle = assemble(&wall(), home.path(), page()).unwrap();
        let names: Vec<_> = bundle.files.iter().map(|file| file.name.as_str()).collect();
        let text = |n: usize| String::from_utf8(bundle.files[n].content.clone()).unwrap();
        assert_eq!(names.len(), 6);
        assert!(text(3).contains(&format!("url(\"/wall/{}\")", names[0])));
        assert!(text(4).contains(&format!("\"/wall/{}\"", names[1])));
        assert!(
            names[1..5]
                .iter()
                .all(|name| text(5).contains(&format!("\"/wall/{name}\"")))
        );
        assert!(!text(5).contains(MARK) && !text(5).contains(PLACE));
    }

    #[test]
    fn what_crates_bring_is_imported_by_its_address() {
        let home = dashboard();
        let path = "./snippets/some-crate-0f/inline0.js";
        let page = Page {
            script: format!("import {{ f }} from '{path}';"),
            snippets: vec![crate::bindgen::Snippet {
                path: path.into(),
                script: "export function f() {}".into(),
            }],
            ..page()
        };
        let bundle = assemble(&wall(), home.path(), page).unwrap();
        let named = |start: &str| {
            bundle
                .files
                .iter()
                .find(|file| file.name.starts_with(start))
                .unwrap()
        };
        let script = String::from_utf8(named("page-").content.clone()).unwrap();
        assert_eq!(
            script,
            format!("import {{ f }} from '/wall/{}';", named("snippet0-").name)
        );
    }

    #[test]
    fn an_unknown_file_fails_the_build() {
        let home = dashboard();
        fs::write(home.path().join("kit/boot.js"), "asset:nowhere.js").unwrap();
        let error = assemble(&wall(), home.path(), page()).err().unwrap();
        assert_eq!(error.to_string(), "there is no file nowhere.js");
    }

    #[test]
    fn an_older_bundle_is_replaced_as_a_whole() {
        let (home, out) = (dashboard(), tempfile::tempdir().unwrap());
        let bundle = assemble(&wall(), home.path(), page()).unwrap();
        fs::create_dir(out.path().join("wall")).unwrap();
        fs::write(out.path().join("wall/old.js"), "old").unwrap();
        let sizes = bundle.write(out.path(), true).unwrap();
        assert!(sizes.plain > 0 && !out.path().join("wall/old.js").exists());
        assert!(
            out.path().join("wall/index.html.br").exists() && out.path().join("wall/index.html.gz").exists()
        );
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
        let fonts: Vec<_> = fs::read_dir(out.path().join("wall"))
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with("a-")
            })
            .collect();
        assert_eq!(fonts.len(), 1, "a font has no twins");
    }
}
