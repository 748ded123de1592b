#!/usr/bin/env bash
# Runs every test there is, real protocol peers included, after installing what is missing.
#
#   deploy/test.sh                all stages
#   deploy/test.sh STAGE...       only these (for work on one of them)
#   deploy/test.sh --list         their names
#
# Each stage prints its name, result and time; a failed one its output. What could not run is named at the end and
# fails. Logs stay in var/test/.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$PROJECT/deploy/stages/source.sh"
source "$PROJECT/deploy/stages/dashboard.sh"
source "$PROJECT/deploy/stages/fuzz.sh"
source "$PROJECT/deploy/stages/monitoring.sh"
source "$PROJECT/deploy/stages/interop.sh"
source "$PROJECT/deploy/stages/end-to-end.sh"
source "$PROJECT/deploy/stages/browser.sh"
source "$PROJECT/deploy/servers/lib.sh"
LOGS="$PROJECT/var/test"
source "$PROJECT/deploy/stages/servers.sh"

# In this order: what fails fast comes first, what needs the binaries after they are built.
STAGES=(
  install scripts house
  format licences monitoring build lints wasm dashboard unit simulate fuzz
  interop-smsgate-carrier interop-smsgate-client interop-npm-carrier interop-npm-client interop-smpplib-client
  interop-server interop-mail interop-wireshark
  servers postgres kafka cassandra nodes
  browser run-script reminders campaign mail demo-day kills bench-batch bench-backlog
  bench-walls bench-idle-walls bench-mixed bench-failover overload
  bench-memory bench-recovery bench-search
)
STAGE_LIMIT_S=1800
STAGE_PID=
PASSED=0
FAILED=()

main() {
  if [[ ${1:-} == --list ]]; then
    printf '%s\n' "${STAGES[@]}"
    return
  fi
  local selected=("${STAGES[@]}") name
  (($# == 0)) || selected=("$@")
  for name in "${selected[@]}"; do
    declare -F "stage_${name//-/_}" >/dev/null || fail "no stage is called $name; see deploy/test.sh --list"
  done
  mkdir -p "$LOGS"
  trap 'end_stage; exit 130' INT TERM
  for name in "${selected[@]}"; do run_stage "$name"; done
  report
}

# A stage is a function stage_NAME in a shell of its own: its first failing command fails it, and the processes it
# started end with it. Its last line may be "tests: N", which then counts instead of 1.
run_stage() {
  local name=$1 status=0 began=$EPOCHREALTIME
  local log="$LOGS/$name.log"
  set -m
  (
    set +m
    set -euo pipefail
    trap stop_started EXIT
    "stage_${name//-/_}"
  ) >"$log" 2>&1 </dev/null &
  STAGE_PID=$!
  set +m
  wait_for "$STAGE_LIMIT_S" process_is_gone "$STAGE_PID" || end_stage
  wait "$STAGE_PID" || status=$?
  local took
  took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%6.1f s", b - a }')
  if ((status == 0)); then
    local tests
    tests=$(sed -n '$s/^tests: \([0-9]*\)$/\1/p' "$log")
    PASSED=$((PASSED + ${tests:-1}))
    printf 'ok      %s  %s%s\n' "$took" "$name" "${tests:+ ($tests tests)}"
  else
    FAILED+=("$name")
    printf 'FAILED  %s  %s, exit code %s; the end of %s:\n' "$took" "$name" "$status" "${log#"$PROJECT"/}"
    tail -n 60 "$log" | sed 's/^/    /'
  fi
}

# Ends a stage before its time; its shell then stops what it started.
end_stage() {
  kill -TERM -- "-$STAGE_PID" 2>/dev/null || return 0
  wait_for 20 process_is_gone "$STAGE_PID" || kill -KILL -- "-$STAGE_PID" 2>/dev/null || true
}

report() {
  if ((${#FAILED[@]})); then
    say "failed or could not run: ${FAILED[*]}"
  fi
  say "$PASSED passed, ${#FAILED[@]} failed"
  ((${#FAILED[@]} == 0))
}

main "$@"
