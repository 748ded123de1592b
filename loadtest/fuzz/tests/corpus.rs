//! Every input of the corpus through its target, once: what failed before does not fail again.

use carillon_fuzz::{TARGETS, corpus};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn every_known_input_holds() {
    // In turn, in one test: memory is measured over the whole process.
    for target in TARGETS {
        target.warm_up();
        let inputs = corpus::inputs(target, &corpus::folder()).unwrap();
        assert!(!inputs.is_empty(), "{} begins with something", target.name);
        for input in inputs {
            target.check(&input);
        }
    }
}

#[test]
fn every_folder_of_the_corpus_has_its_target_and_every_file_is_small() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len(), "names are given once");
    for folder in fs::read_dir(corpus::folder()).unwrap() {
        let folder = folder.unwrap();
        assert!(names.contains(folder.file_name().to_str().unwrap()), "{folder:?}");
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert!(file.metadata().unwrap().len() <= 64 * 1024, "{file:?}");
        }
    }
}
