# The demo hospital on three nodes: what deploy/run.sh --cluster does otherwise than on one machine.
# shellcheck shell=bash

source "$PROJECT/deploy/servers/lib.sh"

CLUSTER_SERVERS=(kafka postgres cassandra)
LANES=3
NODES=()

start_cluster_servers() {
  say "starting Kafka, PostgreSQL and Cassandra; this takes half a minute, the first time longer"
  servers_start "$DATA/servers" "${CLUSTER_SERVERS[@]}" >"$DATA/servers.log" 2>&1 ||
    fail "the servers did not start:"$'\n'"$(tail -n 20 "$DATA/servers.log")"
  # shellcheck source=/dev/null
  source "$DATA/servers/env"
  cluster_settings "$DATA/servers" 1 "$LANES"
}

# Each organisation of the demo on a lane of its own, and a session of every connection for each of them; the carriers allow more, so
# that who takes a lane over finds a seat.
spread_over_lanes() {
  local catalog=$1 carriers=$2
  awk -v lanes="$LANES" '
    /^\[\[/ { organisation = ($0 == "[[organisation]]") }
    { print }
    organisation && /^name = / { print "lane = " n++ % lanes }
  ' "$catalog" >"$catalog.new"
  mv "$catalog.new" "$catalog"
  sed -i "s/^sessions = .*/sessions = $LANES/" "$catalog"
  sed -i "s/^sessions = .*/sessions = $((2 * LANES))/" "$carriers"
}

start_nodes() {
  local node at
  for node in 1 2 3; do
    at=$((PORT == 0 ? 0 : PORT + node - 1))
    LOG="$DATA/node-$node.log"
    : >"$LOG"
    CARILLON_KAFKA_NODE="node-$node" start "$LOG" "$BIN/carillon" node --data "$DATA/node-$node" --port "$at" \
      --password-file "$DATA/operator-password"
    NODES+=("$PID")
    SERVER=$PID
    # The first one makes the operator.
    wait_for 60 node_listens || fail "node $node did not start:"$'\n'"$(tail -n 20 "$LOG")"
  done
  LOG="$DATA/node-1.log"
  SERVER=${NODES[0]}
  wait_for 90 lanes_answer || fail "not every lane came up; see $DATA/node-1.log to node-3.log"
}

node_listens() { process_is_gone "$SERVER" || grep -q '^api: ' "$LOG"; }

lanes_answer() {
  local lane
  for ((lane = 0; lane < LANES; lane++)); do
    curl -fsS -o /dev/null --max-time 2 "$(url)/metrics?lane=$lane" || return 1
  done
}

introduce_nodes() {
  local node
  for node in 2 3; do say "node $node: $(sed -n 's/^api: //p' "$DATA/node-$node.log")"; done
  say "each screen shows a lane: $(url)/wall/?lane=1, $(url)/console/?lane=2"
  say "try to end one: kill -9 -- -${NODES[2]}"
}

# Until the first node has ended; then all of them have been asked to.
wait_for_nodes() {
  local node status=0
  for node in "${NODES[@]}"; do
    until process_is_gone "$node"; do wait "$node" || true; done
  done
  wait "$SERVER" || status=$?
  return "$status"
}

stop_cluster() {
  stop_started
  servers_stop "$DATA/servers" "${CLUSTER_SERVERS[@]}" >>"$DATA/servers.log" 2>&1 || true
}
