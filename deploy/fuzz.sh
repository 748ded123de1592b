#!/usr/bin/env bash
# Fuzzes one parser for long, guided by coverage (libFuzzer). See docs/fuzzing.md.
#
#   deploy/fuzz.sh TARGET [SECONDS] [LIBFUZZER-OPTION...]
#
# What it learns stays in var/fuzz/corpus/TARGET, what fails in var/fuzz/artifacts/. The instrumentation is LLVM's own
# pass, and the parsers are safe Rust, so that no sanitizer is needed.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TRIPLE=$(rustc -vV | sed -n 's/^host: //p')
LONG_TARGET_DIR="$CARGO_TARGET_DIR/fuzz"
COVERAGE=(
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
  -Ccodegen-units=1
)

main() {
  (($# > 0)) || fail "name a target; cargo run -p carillon-fuzz -- list"
  local name=$1 seconds=${2:-600}
  shift $(($# > 1 ? 2 : 1))
  ensure_commands g++:g++
  local corpus="$PROJECT/var/fuzz/corpus/$name" artifacts="$PROJECT/var/fuzz/artifacts/$name"
  mkdir -p "$corpus" "$artifacts"
  # With a triple the flags are not those of build scripts; in a folder of its own they do not rebuild everything else.
  RUSTFLAGS="${COVERAGE[*]}" CARGO_TARGET_DIR="$LONG_TARGET_DIR" \
    cargo build --locked --target "$TRIPLE" -p carillon-fuzz --features libfuzzer
  local built="$LONG_TARGET_DIR/$TRIPLE/debug"
  "$built/carillon-fuzz" corpus "$name" "$corpus"
  CARILLON_FUZZ_TARGET=$name "$built/carillon-fuzz-long" "$corpus" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 \
    -artifact_prefix="$artifacts/" "$@"
}

main "$@"
