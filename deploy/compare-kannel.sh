#!/usr/bin/env bash
# Debian's Kannel and Carillon beside each other: the same number of messages by the same generator over kept-alive HTTP
# connections, one message per request, to the same simulated SMPP carrier, which counts by itself.
#
#   deploy/compare-kannel.sh [--messages N] [--connections N] [--json FILE]
#
# Kannel comes three times: keeping nothing and without receipts; with its file store and receipts; with its spool and
# receipts. Carillon keeps everything durably, with receipts. Not a stage of deploy/test.sh: it takes minutes, and figures
# are for people to read.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MESSAGES=100000
CONNECTIONS=64
JSON=
# Of every gateway: sessions to the carrier, and unanswered requests on each.
SESSIONS=4
WINDOW=128
LOGIN=900001
PASSWORD=secret1
API_KEY=compare-0123456789abcdef
# Without any change for so long a run has come to its end.
PATIENCE_S=15
RESULTS=()

main() {
  while (($#)); do
    case $1 in
      --messages) MESSAGES=$2 ;;
      --connections) CONNECTIONS=$2 ;;
      --json) JSON=$(cd "$CALLED_FROM" && realpath -m -- "$2") ;;
      *) fail "unknown option $1" ;;
    esac
    shift 2
  done
  ensure_commands python3:python3
  install_kannel
  ensure_rust
  build
  WORK=$(mktemp -d)
  trap 'stop_started; rm -rf "$WORK"' EXIT
  run_kannel "Kannel, no store, no receipts" none no
  run_kannel "Kannel, file store, receipts" file yes
  run_kannel "Kannel, spool, receipts" spool yes
  run_carillon
  report
}

# The package starts its daemon with settings of its own, which would only be in the way.
install_kannel() {
  [[ -x /usr/sbin/bearerbox ]] && return
  ensure_packages kannel
  if [[ -x /etc/init.d/kannel ]]; then as_root /etc/init.d/kannel stop >/dev/null 2>&1 || true; fi
}

# --- the carrier ------------------------------------------------------------------------------------------------------

start_carrier() {
  local log="$WORK/carrier.log"
  : >"$log"
  start "$log" "$BIN/carillon-loadtest" carrier --protocol smpp3.4 --login "$LOGIN" --password "$PASSWORD" \
    --receipt-ms 0 --control 0
  wait_for 20 grep -q '^ready' "$log" || fail "the carrier does not start: $(cat "$log")"
  CARRIER_PORT=$(sed -n 's/^carrier carrier: .*:\([0-9]*\)$/\1/p' "$log")
  CONTROL_PORT=$(sed -n 's/^control: .*:\([0-9]*\)$/\1/p' "$log")
}

# total FIELD: what the carrier counted over all its accounts.
total() {
  "$BIN/carillon-loadtest" control --port "$CONTROL_PORT" carrier totals |
    python3 -c 'import json, sys; print(sum(account[sys.argv[1]] for account in json.load(sys.stdin)))' "$1"
}

has_sessions() { (($(total sessions) >= SESSIONS)); }

# --- the gateways -----------------------------------------------------------------------------------------------------

# run_kannel NAME STORE RECEIPTS
run_kannel() {
  local name=$1 store=$2 receipts=$3 port admin box folder
  folder="$WORK/kannel-$store"
  mkdir -p "$folder/spool"
  start_carrier
  port=$(free_port) admin=$(free_port) box=$(free_port)
  kannel_settings "$folder" "$store" "$port" "$admin" "$box" >"$folder/kannel.conf"
  start "$folder/bearerbox.log" /usr/sbin/bearerbox -v 4 "$folder/kannel.conf"
  local bearerbox=$PID
  wait_for 20 port_is_open "$box" || fail "bearerbox does not start: $(cat "$folder/bearerbox.log")"
  start "$folder/smsbox.log" /usr/sbin/smsbox -v 4 "$folder/kannel.conf"
  local smsbox=$PID
  wait_for 20 port_is_open "$port" || fail "smsbox does not start: $(cat "$folder/smsbox.log")"
  wait_for 20 has_sessions || fail "bearerbox does not bind: $(cat "$folder/bearerbox.log")"
  local load=(--key none --sendsms load:load)
  [[ $receipts == no ]] || load+=(--receipts)
  measure "$name" "$receipts" "http://127.0.0.1:$port" "$bearerbox $smsbox" "${load[@]}"
  say "  by Kannel itself: $(curl -fsS "http://127.0.0.1:$admin/status.txt?password=status" | grep -E '^(SMS|DLR): (sent|received) [0-9]+' | tr '\n' ';' || true)"
  stop_started
}

kannel_settings() {
  local folder=$1 store=$2 port=$3 admin=$4 box=$5
  cat <<SETTINGS
group = core
admin-port = $admin
admin-password = admin
status-password = status
smsbox-port = $box
log-level = 4
dlr-storage = internal
$(case $store in
    file) printf 'store-type = file\nstore-location = "%s"\n' "$folder/kannel.store" ;;
    spool) printf 'store-type = spool\nstore-location = "%s"\n' "$folder/spool" ;;
  esac)

group = smsc
smsc = smpp
smsc-id = carrier
host = 127.0.0.1
port = $CARRIER_PORT
smsc-username = $LOGIN
smsc-password = $PASSWORD
system-type = ""
transceiver-mode = true
max-pending-submits = $WINDOW
instances = $SESSIONS

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = $port
log-level = 4

group = sendsms-user
username = load
password = load
concatenation = false
max-messages = 1

group = sms-service
keyword = default
max-messages = 0
text = "none"
SETTINGS
}

run_carillon() {
  local data="$WORK/carillon" port
  mkdir -p "$data"
  start_carrier
  port=$(free_port)
  carillon_settings >"$WORK/carillon.toml"
  "$BIN/carillon" apply "$WORK/carillon.toml" --data "$data" >"$WORK/apply.log" || fail "$(cat "$WORK/apply.log")"
  start "$WORK/carillon.log" "$BIN/carillon" serve --data "$data" --port "$port"
  local carillon=$PID
  wait_for 30 curl -fsS "http://127.0.0.1:$port/readyz" || fail "carillon does not start: $(cat "$WORK/carillon.log")"
  wait_for 20 has_sessions || fail "carillon does not bind: $(cat "$WORK/carillon.log")"
  # After a start nothing is written for the second in which the carrier may still count what went before.
  sleep 1.5
  measure "Carillon, all durable, receipts" yes "http://127.0.0.1:$port" "$carillon" --key "$API_KEY" --single
  stop_started
}

carillon_settings() {
  cat <<SETTINGS
[[organisation]]
name = "hospital"

[[business_type]]
name = "notice"

[[connection]]
name = "carrier"
protocol = "smpp3.4"
host = "127.0.0.1"
port = $CARRIER_PORT
login = "$LOGIN"
password = "$PASSWORD"
sessions = $SESSIONS
window = $WINDOW
rate_per_second = 100000
source_number = "10690000"

[[route_group]]
name = "all"
strategy = "weighted"
members = ["carrier"]

[[route_rule]]
name = "everything"
group = "all"

[[account]]
name = "his"
organisation = "hospital"
business_type = "notice"
modules = { send = true, query = true, feeds = true, campaigns = false }
connections = ["carrier"]
signature = "示例医院"
api_key = "$API_KEY"
SETTINGS
}

# --- measuring --------------------------------------------------------------------------------------------------------

# measure NAME RECEIPTS URL PIDS LOAD-OPTION...: from the first request until the carrier has all messages, and the
# acknowledgements of all receipts where there are any.
measure() {
  local name=$1 receipts=$2 url=$3 pids=$4
  shift 4
  local before after began ended
  before=$(ticks "$pids")
  began=$EPOCHREALTIME
  "$BIN/carillon-loadtest" load --url "$url" --generate "$MESSAGES" --connections "$CONNECTIONS" "$@" >"$WORK/load.json"
  wait_until_complete "$receipts"
  ended=$LAST_CHANGE
  after=$(ticks "$pids")
  RESULTS+=("$(result "$name" "$receipts" "$began" "$ended" "$((after - before))")")
  say "$name: done in $(awk -v a="$began" -v b="$ended" 'BEGIN { printf "%.1f", b - a }') s"
}

# Until nothing is missing, or nothing has changed for PATIENCE_S. LAST_CHANGE is when something came last.
wait_until_complete() {
  local segments acknowledged last='' quiet=$SECONDS
  LAST_CHANGE=$EPOCHREALTIME
  while ((SECONDS - quiet < PATIENCE_S)); do
    segments=$(total segments) acknowledged=$(total receipts_acknowledged)
    if [[ "$segments $acknowledged" != "$last" ]]; then
      last="$segments $acknowledged" quiet=$SECONDS LAST_CHANGE=$EPOCHREALTIME
    fi
    if ((segments >= MESSAGES)) && { [[ $1 == no ]] || ((acknowledged >= MESSAGES)); }; then return; fi
    sleep 0.05
  done
}

# Processor time of processes so far, user and system.
ticks() {
  local pid sum=0
  for pid in $1; do
    sum=$((sum + $(awk '{ print $14 + $15 }' "/proc/$pid/stat")))
  done
  printf '%s\n' "$sum"
}

# One line of JSON; the counts are the carrier's.
result() {
  python3 - "$@" "$(getconf CLK_TCK)" "$(total segments)" "$(total receipts_acknowledged)" "$WORK/load.json" <<'PROGRAM'
import json, sys

name, receipts, began, ended, ticks, per_second, segments, acknowledged, load = sys.argv[1:]
seconds = float(ended) - float(began)
with open(load) as file:
    load = json.load(file)
print(json.dumps({
    "gateway": name,
    "messages": load["accepted"],
    "refused": load["refused"] + load["unanswered"],
    "retries": load["retries"],
    "at_carrier": int(segments),
    "receipts_recorded": int(acknowledged),
    "seconds": round(seconds, 2),
    "messages_per_s": round(int(segments) / seconds),
    "cpu_us_per_message": round(int(ticks) / int(per_second) * 1e6 / max(int(segments), 1), 1),
    "request_p50_ms": load["request_ms"]["p50"],
    "request_p99_ms": load["request_ms"]["p99"],
}))
PROGRAM
}

report() {
  local conditions
  conditions="$(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg), kannel $(dpkg-query -W -f='${Version}' kannel 2>/dev/null || echo unknown)"
  printf '%s\n' "${RESULTS[@]}" | python3 -c '
import json, sys

rows = [json.loads(line) for line in sys.stdin]
ours = rows[-1]["messages_per_s"]
for row in rows:
    row["ratio"] = round(ours / max(row["messages_per_s"], 1), 1)
conditions, target = sys.argv[1], sys.argv[2]
head = ("gateway", "msg/s", "CPU µs/msg", "at carrier", "receipts", "ratio")
print("%-34s %9s %11s %11s %9s %6s" % head)
for row in rows:
    print("%-34s %9d %11.1f %11d %9d %6.1f" % (row["gateway"], row["messages_per_s"], row["cpu_us_per_message"],
                                               row["at_carrier"], row["receipts_recorded"], row["ratio"]))
whole = {"conditions": conditions, "messages": rows[0]["messages"], "rows": rows}
print(json.dumps(whole, ensure_ascii=False))
if target:
    with open(target, "w") as file:
        json.dump(whole, file, ensure_ascii=False, indent=2)
' "$conditions" "$JSON"
}

main "$@"
