#!/usr/bin/env bash
# Where the server's processor time goes during a benchmark, as a flame graph (SVG).
#
#   deploy/flame.sh FILE.svg BENCH [OPTION...]        e.g. deploy/flame.sh batch.svg batch --rate 60000 --seconds 20
#
# Samples eight seconds of the server alone, by threads, from the sixth second on. Needs perf and the right to use it
# (kernel.perf_event_paranoid or root).
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

WARM_UP_S=5
SAMPLED_S=8
TOOLS="$CACHE/inferno"

main() {
  (($# > 1)) || fail "name a file and a benchmark: deploy/flame.sh FILE.svg batch --seconds 20"
  local picture bench
  picture=$(cd "$CALLED_FROM" && realpath -m -- "$1")
  shift
  bench="$*"
  ensure_commands perf:linux-perf
  ensure_rust
  [[ -x $TOOLS/bin/inferno-flamegraph ]] || cargo install --quiet --locked --root "$TOOLS" inferno
  build
  WORK=$(mktemp -d)
  trap 'stop_started; rm -rf "$WORK"' EXIT

  start "$WORK/bench.log" "$BIN/carillon-loadtest" bench "$@"
  local run=$PID server=
  sleep "$WARM_UP_S"
  server=$(pgrep --parent "$run" --exact carillon) || fail "the benchmark has no server: $(tail -n 3 "$WORK/bench.log")"
  perf record --quiet --output "$WORK/samples" --freq 499 --call-graph dwarf,16384 --pid "$server" -- sleep "$SAMPLED_S"
  wait "$run" || true
  cat "$WORK/bench.log"
  perf script --input "$WORK/samples" --no-inline 2>/dev/null |
    "$TOOLS/bin/inferno-collapse-perf" --quiet >"$WORK/stacks"
  "$TOOLS/bin/inferno-flamegraph" --quiet --title "carillon-loadtest bench $bench" --factor 0.001 --countname µs --minwidth 0.3 \
    "$WORK/stacks" |
    grep -v '^ *//' >"$picture" # The script in the picture has comments of its own.
  say "$picture: $(awk '{ sum += $NF } END { printf "%.1f", sum / 1e9 }' "$WORK/stacks") s of processor time"
}

main "$@"
