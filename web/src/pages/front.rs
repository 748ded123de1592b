use super::encoding::Encoding;
use actix_web::web::Bytes;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// The page itself.
pub const INDEX: &str = "index.html";

const FILES_MAX: usize = 1000;
const FILE_BYTES_MAX: u64 = 32 << 20;
/// Digits of the content's hash that a name may carry before its ending.
const HASH_DIGITS: usize = 12;

/// The files of one front end, in memory: what is not here is not served, whatever a path says.
#[derive(Default)]
pub struct Front {
    files: HashMap<String, PageFile>,
}

/// One file with its compressed twins.
pub struct PageFile {
    pub media_type: &'static str,
    /// The name changes with the content.
    pub is_immutable: bool,
    /// Of the content.
    hash: String,
    contents: Vec<(Encoding, Bytes)>,
}

impl Front {
    /// The files of a folder; `name.br` and `name.gz` are other writings of `name`.
    pub fn load(folder: &Path) -> io::Result<Front> {
        let mut contents = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // A link may lead out of the folder.
            let is_file = entry.file_type()?.is_file() && entry.metadata()?.len() <= FILE_BYTES_MAX;
            if is_file && contents.len() < FILES_MAX {
                contents.insert(name, Bytes::from(fs::read(entry.path())?));
            }
        }
        let names = contents.keys().filter(|name| media_type(name).is_some());
        let files = names
            .map(|name| (name.clone(), PageFile::of(name, &contents)))
            .collect();
        Ok(Front { files })
    }

    pub fn file(&self, name: &str) -> Option<&PageFile> {
        self.files.get(name)
    }
}

impl PageFile {
    fn of(name: &str, contents: &HashMap<String, Bytes>) -> PageFile {
        let twins = [
            (Encoding::Brotli, format!("{name}.br")),
            (Encoding::Gzip, format!("{name}.gz")),
            (Encoding::Identity, name.to_owned()),
        ];
        PageFile {
            media_type: media_type(name).unwrap_or("application/octet-stream"),
            is_immutable: has_hash(name),
            hash: hash(&contents[name]),
            contents: twins
                .into_iter()
                .filter_map(|(encoding, name)| Some((encoding, contents.get(&name)?.clone())))
                .collect(),
        }
    }

    /// The preferred writing of those the caller takes.
    pub fn content(&self, taken: impl Fn(Encoding) -> bool) -> (Encoding, Bytes) {
        let found = self.contents.iter().find(|(encoding, _)| taken(*encoding));
        let plain = || self.contents.last().expect("the plain content is always there");
        found.unwrap_or_else(plain).clone()
    }

    /// Each writing has its own (RFC 9110 §8.8.3.3).
    pub fn etag(&self, encoding: Encoding) -> String {
        format!("\"{}-{}\"", self.hash, encoding.word())
    }
}

/// By the ending; files of other kinds are not part of a page.
fn media_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Whether the name is like `page-0123456789ab.js`.
fn has_hash(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let digits = stem.rsplit_once('-').map_or("", |(_, digits)| digits);
    digits.len() == HASH_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hash(content: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(content).into();
    hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Changes whenever a front end is built again: when its folder or its page was last written.
pub fn stamp(folder: &Path) -> [Option<SystemTime>; 2] {
    [folder.to_owned(), folder.join(INDEX)].map(|path| fs::metadata(path).ok()?.modified().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_their_twins_types_and_marks() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
        write("index.html", "<p>");
        write("page-0123456789ab.js", "let a");
        write("page-0123456789ab.js.br", "B");
        write("page-0123456789ab.js.gz", "G");
        write("secret.key", "k");
        fs::create_dir(folder.path().join("deep.js")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.txt")).unwrap();
        let front = Front::load(folder.path()).unwrap();
        let mut names: Vec<_> = front.files.keys().map(String::as_str).collect();
        names.sort();
        assert_eq!(names, ["index.html", "page-0123456789ab.js"]);
        let script = front.file("page-0123456789ab.js").unwrap();
        assert!(script.is_immutable && script.media_type.starts_with("text/javascript"));
        for (taken, content) in [
            (&Encoding::ALL[..], "B"),
            (&[Encoding::Gzip], "G"),
            (&[], "let a"),
        ] {
            let (encoding, bytes) = script.content(|encoding| taken.contains(&encoding));
            assert_eq!(bytes, content);
            assert!(
                script
                    .etag(encoding)
                    .ends_with(&format!("-{}\"", encoding.word()))
            );
        }
        let page = front.file(INDEX).unwrap();
        assert!(!page.is_immutable);
        assert_eq!(page.content(|_| true).1, "<p>");
        assert!(Front::load(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn only_a_whole_hash_makes_a_name_immutable() {
        for (name, expected) in [
            ("page-0123456789ab.wasm", true),
            ("barlow-semi-condensed-600-0123456789ab.woff2", true),
            ("index.html", false),
            ("page-0123456789a.js", false),
            ("page-0123456789abc.js", false),
            ("page-0123456789xy.js", false),
            ("0123456789ab.js", false),
        ] {
            assert_eq!(has_hash(name), expected, "{name}");
        }
    }
}
