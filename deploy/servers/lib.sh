# Starting and stopping real servers. A kind of server is a file here with functions that know it:
#
#   KIND_fetch              installs and downloads
#   KIND_prepare HOME NODES chooses ports and writes settings, once
#   KIND_run HOME NODE      becomes the process of that node
#   KIND_ready HOME NODE    whether it answers as it should
#   KIND_env HOME NODES     prints lines "export NAME=VALUE" that say where it is
#   KIND_remove HOME        removes what lies elsewhere than in HOME
# shellcheck shell=bash

SERVERS="$PROJECT/deploy/servers"
source "$SERVERS/java.sh"
source "$SERVERS/kafka.sh"
source "$SERVERS/cassandra.sh"
source "$SERVERS/postgres.sh"
source "$SERVERS/redis.sh"

# A start may take so long on a busy machine.
SERVER_READY_S=120

servers_fetch() {
  shift
  local server
  for server; do "$(kind_of "$server")_fetch"; done
}

servers_start() {
  local folder=$1 server node home
  shift
  servers_fetch "$folder" "$@"
  mkdir -p "$folder"
  for server; do
    home="$folder/${server%:*}"
    if [[ ! -e $home/prepared ]]; then
      mkdir -p "$home"
      "$(kind_of "$server")_prepare" "$home" "$(nodes_of "$server")"
      touch "$home/prepared"
    fi
    for node in $(meant_nodes "$server"); do launch "$server" "$home" "$node"; done
  done
  for server; do
    for node in $(meant_nodes "$server"); do await_ready "$server" "$folder/${server%:*}" "$node"; done
  done
  write_env "$folder"
}

servers_stop() { end_servers TERM "$@"; }
servers_kill() { end_servers KILL "$@"; }
servers_pause() { signal_servers STOP "$@"; }
servers_resume() { signal_servers CONT "$@"; }

servers_restart() {
  servers_kill "$@"
  servers_start "$@"
}

servers_status() {
  local folder=$1 server node word
  shift
  for server; do
    for node in $(meant_nodes "$server"); do
      word=down
      node_runs "$folder/${server%:*}" "$node" && word=up
      say "${server%:*}:$node $word"
    done
  done
}

servers_remove() {
  local folder=$1 server
  servers_kill "$@"
  shift
  for server; do
    "$(kind_of "$server")_remove" "$folder/${server%:*}"
    rm -rf "${folder:?}/${server%:*}"
  done
  rm -f "$folder/env"
  rmdir "$folder" 2>/dev/null || true
}

# with_servers FOLDER SERVER... -- COMMAND...: runs the command while they run, told by the environment where they are. Of a stage of
# deploy/test.sh; a shell of its own, so that they are gone at its end whatever comes next.
with_servers() (
  local folder=$1 servers=()
  shift
  while [[ $1 != -- ]]; do
    servers+=("$1")
    shift
  done
  shift
  servers_remove "$folder" "${servers[@]}"
  # shellcheck disable=SC2064  # They are those of now.
  trap "servers_remove '$folder' ${servers[*]}; stop_started" EXIT
  servers_start "$folder" "${servers[@]}"
  # shellcheck source=/dev/null
  source "$folder/env"
  "$@"
)

# cluster_settings FOLDER COPIES LANES: exports what Carillon's nodes are to be told of the servers in FOLDER, whose env was read.
cluster_settings() {
  local folder=$1 copies=$2 password=${CARILLON_TEST_POSTGRES#*carillon:}
  export PGPASSWORD=${password%%@*}
  export CARILLON_CATALOG_URL=${CARILLON_TEST_POSTGRES/":$PGPASSWORD@"/@} CARILLON_CATALOG_KEY_FILE="$folder/secret.key"
  [[ -s $CARILLON_CATALOG_KEY_FILE ]] || (umask 077 && head -c 32 /dev/urandom >"$CARILLON_CATALOG_KEY_FILE")
  export CARILLON_FILES_DIR="$folder/files" CARILLON_HTTP_PROXIES='["127.0.0.1/32"]'
  export CARILLON_KAFKA_BROKERS=$CARILLON_TEST_KAFKA CARILLON_KAFKA_REPLICATION=$copies CARILLON_KAFKA_MIN_IN_SYNC=$((copies / 2 + 1))
  export CARILLON_KAFKA_LANES=$3 CARILLON_SCYLLA_NODES=${CARILLON_TEST_CASSANDRA:-} CARILLON_SCYLLA_REPLICATION=1
}

# --- one node -------------------------------------------------------------------------------------------------------

launch() {
  local server=$1 home=$2 node=$3
  node_runs "$home" "$node" && return 0
  mkdir -p "$home/$node"
  set -m
  # What a test holds open is not the server's.
  ("$(kind_of "$server")_run" "$home" "$node") >>"$home/$node/log" 2>&1 </dev/null 3>&- &
  printf '%s\n' "$!" >"$home/$node/pid"
  set +m
  disown
}

# A node that ends before it is ready is started again: after a crash its last life may still be in the way.
await_ready() {
  local server=$1 home=$2 node=$3 end=$((SECONDS + SERVER_READY_S))
  until "$(kind_of "$server")_ready" "$home" "$node" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      tail -n 30 "$home/$node/log" >&2
      fail "${server%:*}:$node did not answer within $SERVER_READY_S s; above is the end of $home/$node/log"
    fi
    sleep 0.2
    launch "$server" "$home" "$node"
  done
}

end_servers() {
  local signal=$1 folder=$2 server node home
  signal_servers "$@"
  shift 2
  for server; do
    home="$folder/${server%:*}"
    for node in $(meant_nodes "$server"); do
      node_runs "$home" "$node" || continue
      # One that stands still does not see the signal otherwise.
      kill -CONT "$(<"$home/$node/pid")" 2>/dev/null || true
      wait_for 30 node_is_gone "$home" "$node" || signal_node KILL "$home" "$node"
      wait_for 10 node_is_gone "$home" "$node" || fail "${server%:*}:$node cannot be ended"
    done
  done
}

signal_servers() {
  local signal=$1 folder=$2 server node
  shift 2
  for server; do
    for node in $(meant_nodes "$server"); do signal_node "$signal" "$folder/${server%:*}" "$node"; done
  done
}

signal_node() {
  node_runs "$2" "$3" || return 0
  kill "-$1" "$(<"$2/$3/pid")" 2>/dev/null || true
}

# A zombie, whose parent is gone, does not run.
node_runs() {
  local pid state
  pid=$(cat "$1/$2/pid" 2>/dev/null) || return 1
  state=$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null) || return 1
  [[ -n $state && $state != [ZX] ]]
}

node_is_gone() { ! node_runs "$1" "$2"; }

# --- names ----------------------------------------------------------------------------------------------------------

kind_of() {
  case ${1%:*} in
    kafka | kafka3) printf 'kafka\n' ;;
    cassandra | cassandra3) printf 'cassandra\n' ;;
    postgres | redis) printf '%s\n' "${1%:*}" ;;
    *) fail "no server is called $1" ;;
  esac
}

nodes_of() {
  case ${1%:*} in
    *3) printf '3\n' ;;
    redis) printf '5\n' ;;
    *) printf '1\n' ;;
  esac
}

# All nodes, or the one after the colon.
meant_nodes() {
  case $1 in
    *:*) printf '%s\n' "${1##*:}" ;;
    *) seq "$(nodes_of "$1")" ;;
  esac
}

write_env() {
  local folder=$1 home server
  {
    printf 'export CARILLON_TEST_SERVERS=%q\n' "$(realpath "$folder")"
    for home in "$folder"/*/prepared; do
      server=$(basename "$(dirname "$home")")
      "$(kind_of "$server")_env" "$folder/$server" "$(nodes_of "$server")"
    done
  } >"$folder/env.new"
  mv "$folder/env.new" "$folder/env"
}

# ports HOME NODES PER_NODE: chooses free ones; port HOME NODE NUMBER: says one of them, NUMBER from 1.
ports() {
  local _
  for _ in $(seq $(($2 * $3))); do free_port; done | xargs -n "$3" >"$1/ports"
  [[ $(tr ' ' '\n' <"$1/ports" | sort | uniq -d) == "" ]] || ports "$@"
}

port() { sed -n "$2p" "$1/ports" | cut -d' ' -f"$3"; }
