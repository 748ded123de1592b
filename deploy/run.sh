#!/usr/bin/env bash
# Installs what is missing, builds, and starts Carillon with simulated carriers and a demo hospital.
#
#   deploy/run.sh [--no-demo] [--port N] [--data DIR]
#
#   --no-demo   only the server: no carriers, no demo data
#   --port N    of the API; 8080 without it
#   --data DIR  where everything is kept; var/data in the project without it
#
# Ctrl-C waits for the carriers' answers and ends everything; a second one ends at once. The server's exit code is
# passed on.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DEMO=yes
PORT=8080
DATA="$PROJECT/var/data"
SERVER=

main() {
  parse "$@"
  ensure_rust
  build
  umask 077
  mkdir -p "$DATA"
  trap stop_started EXIT
  if [[ $DEMO == yes ]]; then
    prepare_demo
    start_carriers
  fi
  start_server
  introduce
  wait_for_server
}

parse() {
  while (($#)); do
    case $1 in
      --no-demo) DEMO=no ;;
      --port) PORT=${2:?--port needs a number} && shift ;;
      --data) DATA=$(cd "$CALLED_FROM" && realpath -m "${2:?--data needs a folder}") && shift ;;
      *) fail "unknown argument $1; the head of deploy/run.sh says what there is" ;;
    esac
    shift
  done
}

# The first start copies the demo's two files into the data folder and applies the catalog. A carrier's port that is
# taken by somebody else is replaced in both.
prepare_demo() {
  local demo="$DATA/demo" port
  mkdir -p "$demo"
  [[ -e $demo/catalog.toml ]] || cp "$PROJECT/deploy/demo.toml" "$demo/catalog.toml"
  [[ -e $demo/carriers.toml ]] || cp "$PROJECT/deploy/demo-carriers.toml" "$demo/carriers.toml"
  for port in $(carrier_ports); do
    if port_is_open "$port"; then
      sed -i "s/^port = $port\$/port = $(free_port)/" "$demo/catalog.toml" "$demo/carriers.toml"
    fi
  done
  cmp -s "$demo/catalog.toml" "$demo/catalog.applied" && return
  "$BIN/carillon" apply "$demo/catalog.toml" --data "$DATA" >"$demo/apply.out"
  # A key is shown only when it is new; the first account's is used.
  sed -n '/^api-key /{s/.*: //p;q}' "$demo/apply.out" >"$demo/api-key.new"
  [[ ! -s $demo/api-key.new ]] || mv "$demo/api-key.new" "$demo/api-key"
  rm -f "$demo/apply.out" "$demo/api-key.new"
  [[ -e $demo/api-key ]] || fail "the demo's API key was lost half-way; remove $DATA and start again"
  cp "$demo/catalog.toml" "$demo/catalog.applied"
}

start_carriers() {
  local port
  start "$DATA/carriers.log" "$BIN/carillon-loadtest" carrier --config "$DATA/demo/carriers.toml"
  for port in $(carrier_ports); do
    wait_for 10 port_is_open "$port" || fail "the simulated carriers did not start; see $DATA/carriers.log"
  done
}

carrier_ports() { sed -n 's/^port = //p' "$DATA/demo/carriers.toml"; }

start_server() {
  local log="$DATA/carillon.log"
  : >"$log"
  start "$log" "$BIN/carillon" serve --data "$DATA" --port "$PORT" --password-file "$DATA/operator-password"
  SERVER=$PID
  # A long journal may take a while to replay; a server that has ended will not come.
  wait_for 300 server_answers || true
  if process_is_gone "$SERVER" || ! server_answers; then
    fail "the server did not start:"$'\n'"$(tail -n 20 "$log")"
  fi
}

server_answers() { process_is_gone "$SERVER" || curl -fsS "$(url)/readyz" >/dev/null 2>&1; }

# The server says its address when it takes requests.
url() { sed -n 's/^api: //p' "$DATA/carillon.log"; }

introduce() {
  say "api: $(url)"
  # The server tells it as long as it is the one it made.
  say "password: $(sed -n 's/^password: //p' "$DATA/carillon.log" | grep . || echo "the one that was set since")"
  say "log: $DATA/carillon.log"
  [[ $DEMO == yes ]] || return 0
  local messages key body='{"to": "13800000001", "text": "您好，您的检查报告已出，请到自助机打印。"}'
  messages="$(url)/v1/messages"
  key="-H 'Authorization: Bearer $(<"$DATA/demo/api-key")'"
  say "try: curl -sS $messages $key -H 'Content-Type: application/json' -d '$body'"
  say "then: curl -sS $messages/<id> $key"
}

wait_for_server() {
  local status=0
  trap 'say "stopping; again to end at once"; kill -TERM "$SERVER" 2>/dev/null' INT TERM
  # A signal ends the waiting before the server has ended.
  until process_is_gone "$SERVER"; do wait "$SERVER" || true; done
  wait "$SERVER" || status=$?
  ((status == 0)) || tail -n 5 "$DATA/carillon.log" >&2
  exit "$status"
}

main "$@"
