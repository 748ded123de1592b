use super::catalog::{DEMO, applied};
use crate::{Memory, Target};
use carillon_domain::catalog::apply::{ApplyFile, Section};
use std::sync::LazyLock;

/// One entry of the catalog as the console sends it, into the demo's catalog.
pub static ENTRY: Target = Target {
    name: "entry",
    run,
    seeds,
    words: &[
        "\"name\":",
        "\"organisation\":",
        "\"stored\":true",
        "{\"env\":\"X\"}",
        "\"members\":[",
        "[[[[[[[[",
        "\"steps\":[",
    ],
    // The whole file is copied and resolved for every change.
    memory: Memory {
        fixed_bytes: 4 << 20,
        per_input_byte: 128,
    },
    input_bytes_max: 16 * 1024,
};

static FILE: LazyLock<ApplyFile> = LazyLock::new(|| toml::from_str(DEMO).expect("the demo's file"));

/// The section, then the entry.
fn run(input: &[u8]) {
    let Some((section, entry)) = input.split_first() else {
        LazyLock::force(&FILE);
        return;
    };
    let section = Section::ALL[usize::from(*section) % Section::ALL.len()];
    let name = name(section, entry);
    let mut file = FILE.clone();
    let mut reader = serde_json::Deserializer::from_slice(entry);
    if file.upsert(section, &name, &mut reader).is_err() {
        assert_eq!(file, *FILE, "what cannot be taken changes nothing");
        return;
    }
    assert!(file.entry(section, &name).is_ok());
    if let Err(errors) = applied(&file) {
        assert!(!errors.is_empty());
    }
    if file.remove(section, &name).is_ok() {
        assert!(file.entry(section, &name).is_err());
    }
}

/// As the address of the request would say it.
fn name(section: Section, entry: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(entry).unwrap_or_default();
    let text = |field: &str| value[field].as_str().unwrap_or_default();
    match section {
        Section::Template | Section::Strategy => format!("{}/{}", text("organisation"), text("name")),
        _ => text("name").to_owned(),
    }
}

/// Every entry of the demo.
fn seeds() -> Vec<Vec<u8>> {
    let all: toml::Table = DEMO.parse().expect("the demo's file");
    let mut seeds = Vec::new();
    for (section, number) in Section::ALL.into_iter().zip(0u8..) {
        let entries = all.get(section.word()).and_then(toml::Value::as_array);
        for entry in entries.into_iter().flatten().take(3) {
            let json = serde_json::to_vec(entry).expect("plain data");
            seeds.push([&[number], &json[..]].concat());
        }
    }
    seeds
}
