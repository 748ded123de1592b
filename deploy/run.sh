#!/usr/bin/env bash
# Installs what is missing, builds, and starts Carillon with its pages, simulated carriers and a demo hospital: a week of
# messages before now, and traffic from now on.
#
#   deploy/run.sh [--no-demo] [--cluster] [--port N] [--data DIR]
#
#   --cluster   three nodes on Kafka, PostgreSQL and Cassandra, which are started too; the ports are N, N + 1 and N + 2, and there is no
#               week before
#   --no-demo   only the server: no carriers, no demo data
#   --port N    of the API; 8080 without it
#   --data DIR  where everything is kept; var/data in the project without it, var/cluster with --cluster
#
# Ctrl-C waits for the carriers' answers and ends everything; a second one ends at once. The server's exit code is
# passed on.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$PROJECT/deploy/cluster.sh"

DEMO=yes
PORT=8080
DATA=
CLUSTER=no
SERVER=
# Of the server, or of the first node.
LOG=
TRAFFIC=

main() {
  parse "$@"
  ensure_rust
  build
  build_dashboard
  umask 077
  mkdir -p "$DATA"
  trap stop_started EXIT
  if [[ $CLUSTER == yes ]]; then
    trap stop_cluster EXIT
    start_cluster_servers
  fi
  if [[ $DEMO == yes ]]; then
    prepare_demo
    [[ $CLUSTER == yes ]] || make_week
    start_carriers
  fi
  if [[ $CLUSTER == yes ]]; then start_nodes; else start_server; fi
  [[ $DEMO == no ]] || start_traffic
  introduce
  wait_for_server
}

parse() {
  while (($#)); do
    case $1 in
      --no-demo) DEMO=no ;;
      --cluster) CLUSTER=yes ;;
      --port) PORT=${2:?--port needs a number} && shift ;;
      --data) DATA=$(cd "$CALLED_FROM" && realpath -m "${2:?--data needs a folder}") && shift ;;
      *) fail "unknown argument $1; the head of deploy/run.sh says what there is" ;;
    esac
    shift
  done
  if [[ -z $DATA ]]; then
    DATA="$PROJECT/var/data"
    [[ $CLUSTER == no ]] || DATA="$PROJECT/var/cluster"
  fi
}

# The first start copies the demo's files into the data folder and applies the catalog. A carrier's port that is taken by
# somebody else is replaced in both.
prepare_demo() {
  local demo="$DATA/demo" port
  mkdir -p "$demo"
  if [[ ! -e $demo/catalog.toml || ! -e $demo/carriers.toml ]]; then
    cp "$PROJECT/deploy/demo.toml" "$demo/catalog.toml"
    cp "$PROJECT/deploy/demo-carriers.toml" "$demo/carriers.toml"
    [[ $CLUSTER == no ]] || spread_over_lanes "$demo/catalog.toml" "$demo/carriers.toml"
  fi
  [[ -e $demo/ranges.csv ]] || cp "$PROJECT/deploy/demo-ranges.csv" "$demo/ranges.csv"
  for port in $(carrier_ports) $(mail_port); do
    if port_is_open "$port"; then
      sed -i "s/^port = $port\$/port = $(free_port)/" "$demo/catalog.toml" "$demo/carriers.toml"
    fi
  done
  if ! cmp -s "$demo/catalog.toml" "$demo/catalog.applied"; then
    "$BIN/carillon" apply "$demo/catalog.toml" --data "$DATA" >"$demo/apply.out"
    # A key is shown only when it is new.
    sed -n '/^api-key /p' "$demo/apply.out" >>"$demo/keys"
    rm -f "$demo/apply.out"
    cp "$demo/catalog.toml" "$demo/catalog.applied"
  fi
  grep -q '^api-key his: ' "$demo/keys" || fail "the demo's API keys were lost half-way; remove $DATA and start again"
}

# Messages of the days before, so that there is a yesterday; only for data that no server has worked on.
make_week() {
  local demo="$DATA/demo"
  [[ ! -e $DATA/journal ]] || return 0
  say "making the week before; this takes some seconds"
  # What was interrupted half-way is made anew.
  rm -rf "$DATA/history"
  "$BIN/carillon-loadtest" demo-week --data "$DATA" --ranges "$demo/ranges.csv" --carriers "$demo/carriers.toml" \
    >"$DATA/week.log" 2>&1 || fail "the week before could not be made:"$'\n'"$(tail -n 20 "$DATA/week.log")"
}

start_carriers() {
  local demo="$DATA/demo" port
  : >"$DATA/carriers.log"
  start "$DATA/carriers.log" "$BIN/carillon-loadtest" carrier --config "$demo/carriers.toml" --control 0
  export CARILLON_NUMBERS_RANGES_FILE="$demo/ranges.csv" CARILLON_MAIL_BOUNCES_LISTEN
  CARILLON_MAIL_BOUNCES_LISTEN="127.0.0.1:$(free_port)"
  # A few addresses are nobody's, and a few mails are refused at once; the rest is told to have arrived.
  start "$DATA/mail.log" "$BIN/carillon-loadtest" mail-sink --port "$(mail_port)" --bounce-to "$CARILLON_MAIL_BOUNCES_LISTEN" \
    --rule 'gone*=bounce:3000' --rule '*=deliver:2000'
  wait_for 10 grep -q '^ready' "$DATA/carriers.log" || fail "the simulated carriers did not start; see $DATA/carriers.log"
  wait_for 10 port_is_open "$(mail_port)" || fail "the mail relay did not start; see $DATA/mail.log"
}

carrier_ports() { sed -n 's/^port = //p' "$DATA/demo/carriers.toml"; }

mail_port() { sed -n '/^protocol = "smtp"/,/^port = /s/^port = //p' "$DATA/demo/catalog.toml"; }

control_port() { sed -n 's/^control: .*://p' "$DATA/carriers.log"; }

start_server() {
  LOG="$DATA/carillon.log"
  : >"$LOG"
  start "$LOG" "$BIN/carillon" serve --data "$DATA" --port "$PORT" --password-file "$DATA/operator-password"
  SERVER=$PID
  # A long journal may take a while to replay; a server that has ended will not come.
  wait_for 300 server_answers || true
  if process_is_gone "$SERVER" || ! server_answers; then
    fail "the server did not start:"$'\n'"$(tail -n 20 "$LOG")"
  fi
}

server_answers() { process_is_gone "$SERVER" || curl -fsS "$(url)/readyz" >/dev/null 2>&1; }

# The server says its address when it takes requests.
url() { sed -n 's/^api: //p' "$LOG"; }

start_traffic() {
  start "$DATA/traffic.log" "$BIN/carillon-loadtest" demo --url "$(url)" --keys "$DATA/demo/keys" \
    --ranges "$DATA/demo/ranges.csv" --control "$(control_port)"
  TRAFFIC=$PID
}

introduce() {
  say "api: $(url)"
  # The server tells it as long as it is the one it made.
  say "password: $(password | grep . || echo "the one that was set since")"
  say "wall: $(wall_link)"
  say "console: $(url)/console/ (operator admin)"
  say "log: $LOG"
  [[ $CLUSTER == no ]] || introduce_nodes
  [[ $DEMO == yes ]] || return 0
  local messages key body='{"to": "13800000001", "text": "您好，您的检查报告已出，请到自助机打印。"}'
  messages="$(url)/v1/messages"
  key="-H 'Authorization: Bearer $(sed -n 's/^api-key his: //p' "$DATA/demo/keys" | tail -n 1)'"
  say "try: curl -sS $messages $key -H 'Content-Type: application/json' -d '$body'"
  say "then: curl -sS $messages/<id> $key"
}

password() { sed -n 's/^password: //p' "$LOG"; }

# The demo's wall has a link of its own, made at the first start. Elsewhere an operator makes links.
wall_link() {
  local file="$DATA/demo/wall-token"
  if [[ $DEMO == yes && ! -s $file ]]; then make_wall_token >"$file" || rm -f "$file"; fi
  if [[ $DEMO == yes && -s $file ]]; then
    say "$(url)/wall/#token=$(<"$file")"
  else
    say "$(url)/wall/ (the console makes links to it)"
  fi
}

# Secrets go by standard input: everybody may see the arguments of a process.
make_wall_token() {
  local jar="$DATA/demo/operator.jar" json="Content-Type: application/json" csrf token
  csrf=$(printf '{"name":"admin","password":"%s"}' "$(password)" |
    curl -fsS -c "$jar" -H "$json" -d @- "$(url)/v1/login" | sed -n 's/.*"csrf":"\([^"]*\)".*/\1/p')
  token=$(printf 'header = "X-CSRF-Token: %s"\n' "$csrf" |
    curl -fsS -K - -b "$jar" -H "$json" -d '{"name":"demo"}' "$(url)/v1/admin/wall-tokens" |
    sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
  printf 'header = "X-CSRF-Token: %s"\n' "$csrf" | curl -fsS -K - -b "$jar" -X POST "$(url)/v1/logout" >"$jar.out" || true
  rm -f "$jar" "$jar.out"
  [[ -n $token ]] && printf '%s\n' "$token"
}

wait_for_server() {
  local status=0
  trap 'say "stopping; again to end at once"; kill -TERM ${TRAFFIC:+"$TRAFFIC"} "$SERVER" "${NODES[@]}" 2>/dev/null' INT TERM
  if [[ $CLUSTER == yes ]]; then
    wait_for_nodes || status=$?
    exit "$status"
  fi
  # A signal ends the waiting before the server has ended.
  until process_is_gone "$SERVER"; do wait "$SERVER" || true; done
  wait "$SERVER" || status=$?
  ((status == 0)) || tail -n 5 "$DATA/carillon.log" >&2
  exit "$status"
}

main "$@"
