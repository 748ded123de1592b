# Stages of deploy/test.sh that run the whole product: the demo as a person starts it, and the load generator's
# scenarios, which start server and carriers themselves and settle every message at the end.
# shellcheck shell=bash

# A first start in an empty folder, one message by the printed command until it is delivered, then a second start and an
# orderly end.
stage_run_script() {
  local work port
  work=$(mktemp -d)
  port=$(free_port)
  start_demo "$work" "$port"
  local id
  id=$(eval "$(sed -n 's/^try: *//p' "$work/out")" | json id)
  say "accepted as $id"
  local journey
  journey=$(sed -n 's/^then: *//p' "$work/out")
  message_is_delivered() { [[ $(eval "${journey//'<id>'/$id}" | json status) == delivered ]]; }
  wait_for 30 message_is_delivered || fail "not delivered: $(eval "${journey//'<id>'/$id}")"
  wall_opens "$work/out"
  end_demo "$work"

  local began=$SECONDS
  start_demo "$work" "$port"
  say "second start: $((SECONDS - began)) s"
  message_is_delivered || fail "the journey is gone after a restart"
  end_demo "$work"
  rm -r "$work"
}

# The printed link of the wall is one that the server knows, and yesterday is there.
wall_opens() {
  local link url panels
  link=$(sed -n 's/^wall: *//p' "$1")
  url=${link%%/wall/*}
  curl -fsS -o /dev/null "$url/wall/"
  curl -fsS -o /dev/null "$url/console/"
  panels=$(curl -fsS -c "$1.jar" -H 'Content-Type: application/json' -d "{\"token\":\"${link#*token=}\"}" "$url/v1/wall/session" >&2 &&
    curl -fsS -b "$1.jar" "$url/v1/live/snapshot" | json panels)
  python3 -c 'import ast, sys; sys.exit(not ast.literal_eval(sys.argv[1])["rates"]["data"]["yesterday"])' "$panels" ||
    fail "the wall has no yesterday"
}

start_demo() {
  : >"$1/out"
  start "$1/out" "$PROJECT/deploy/run.sh" --data "$1/data" --port "$2"
  wait_for 300 demo_is_up_or_gone "$1/out" || true
  grep -q '^try:' "$1/out" || fail "run.sh is not ready: $(cat "$1/out")"
}

demo_is_up_or_gone() { grep -q '^try:' "$1" || process_is_gone "$PID"; }

end_demo() {
  kill -TERM "$PID"
  local status=0
  wait "$PID" || status=$?
  ((status == 0)) || fail "run.sh ended with $status: $(cat "$1/out")"
}

# json FIELD: that field of the JSON object on standard input.
json() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

stage_reminders() { "$BIN/carillon-loadtest" reminders-run; }

stage_campaign() { "$BIN/carillon-loadtest" campaign-run --lines 20000 --rate 1000; }

# A short day of the demo hospital with bad connections and a crash: screens, rollups and everybody's books agree.
stage_demo_day() { "$BIN/carillon-loadtest" demo-day; }

stage_mail() { "$BIN/carillon-loadtest" mail-run; }

# Two rounds of every moment, with cuts, throttling and silence of the carriers.
stage_kills() { "$BIN/carillon-loadtest" kills --times 14 --alive-ms 1500; }

stage_bench_batch() { "$BIN/carillon-loadtest" bench batch --seconds 20 --floor 12000; }

stage_bench_walls() { "$BIN/carillon-loadtest" bench walls --seconds 10 --percent-max 10; }

# Ten thousand screens that never read.
stage_bench_idle_walls() { "$BIN/carillon-loadtest" bench idle-walls --seconds 2; }

stage_bench_backlog() { "$BIN/carillon-loadtest" bench backlog --messages 500000 --rss-mib-max 400; }

# Twenty organisations with more waiting than three limited connections take: shares (FAIR-1), rates (RATE-1), and codes that
# overtake.
stage_bench_mixed() { "$BIN/carillon-loadtest" bench mixed --backlog 17000 --rate 6000 --window 4 --seconds 2; }

# The primary is reset under load: the backup carries on, the primary is used again, nothing is lost or doubled.
stage_bench_failover() { "$BIN/carillon-loadtest" bench failover --cut-only --rate 3000; }

# Twice what the carriers take: refusals are counted by both sides, what was accepted arrives, and all is as before afterwards.
stage_overload() { "$BIN/carillon-loadtest" bench overload --rate 4000 --seconds 5 --calm 2 --after 4 --slow 1; }

# Messages wait for a carrier that is down; after a kill all of them wait again, and then each is sent once.
stage_bench_memory() { "$BIN/carillon-loadtest" bench memory --messages 200000 --drain; }

# Killed right before a checkpoint and then while it recovers: the state is always the same, nothing is lost or doubled.
stage_bench_recovery() { "$BIN/carillon-loadtest" bench recovery --messages 300000 --kills 2; }

# Every answer of a history whose contents are known.
stage_bench_search() { "$BIN/carillon-loadtest" bench search --messages 500000 --questions 100; }

# Lives of the real cores with simulated carriers, disk and time, other ones every time; a seed that fails is printed.
stage_simulate() { "$BIN/carillon-loadtest" simulate --seeds 2000; }
