use super::catalog::{DEMO, applied};
use super::texts;
use crate::{Memory, Target};
use carillon_domain::catalog::Compiled;
use carillon_domain::catalog::apply::ApplyFile;
use std::sync::Arc;

/// The apply file: what is taken can be compiled, and is written out as a file that means the same.
pub static APPLY_FILE: Target = Target {
    name: "apply_file",
    run,
    seeds: || {
        let small = "[[organisation]]\nname = \"a\"\n[[business_type]]\nname = \"b\"\npriority = \"high\"\n\
                     [[word_list]]\nname = \"w\"\nwords = [\"x\"]\n[[number_list]]\nname = \"n\"\nkind = \"block\"\nnumbers = [\"13800000001\"]\n";
        texts(&[DEMO, small])
    },
    words: &[
        "[[organisation]]\n",
        "[[account]]\n",
        "[[template]]\n",
        "[[connection]]\n",
        "name = \"a\"\n",
        "organisation = \"a\"\n",
        "{ env = \"X\" }",
        "{ stored = true }",
        "{ file = \"/x\" }",
        "= [[[[[[[[",
        "{a={a={a=",
    ],
    // Names, checks, and the automaton over the words.
    memory: Memory {
        fixed_bytes: 16 << 20,
        per_input_byte: 1_024,
    },
    input_bytes_max: 24 * 1024,
};

fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(file) = toml::from_str::<ApplyFile>(text) else {
        return;
    };
    let Ok(applied) = applied(&file) else {
        return;
    };
    Compiled::new(Arc::new(applied.snapshot.clone())).expect("what was taken can be compiled");
    let written = ApplyFile::of(&applied.snapshot);
    let written = toml::to_string(&written).expect("plain data");
    toml::from_str::<ApplyFile>(&written).expect("what was written can be read");
}
