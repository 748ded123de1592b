//! The long run: one target, named by `CARILLON_FUZZ_TARGET`, under libFuzzer. See docs/fuzzing.md.

#![no_main]

use carillon_fuzz::{Target, target};
use std::sync::LazyLock;

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("CARILLON_FUZZ_TARGET").expect("CARILLON_FUZZ_TARGET names a target");
    let target = target(&name).expect("a target that `carillon-fuzz list` names");
    target.warm_up();
    target
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    TARGET.check(input);
});
