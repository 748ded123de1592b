# Stage of deploy/test.sh that feeds every parser of foreign bytes with hostile ones.
# shellcheck shell=bash

# The corpus once, then mutations of it for a moment each; docs/fuzzing.md says what to do with a failure. All packages are
# built together, because each choice of them takes its own features of the libraries.
stage_fuzz() {
  cargo build --locked -p carillon -p carillon-loadtest -p carillon-fuzz
  timeout 90 "$BIN/carillon-fuzz" run --seconds 0.7 --failed "$LOGS/fuzz"
}
