# Redis from Debian's packages: node 1 is the first master, 2 its replica, 3 to 5 are the Sentinels that watch them.
# shellcheck shell=bash

REDIS_MASTER_NAME=carillon

redis_fetch() { ensure_commands redis-server:redis-server redis-sentinel:redis-sentinel redis-cli:redis-tools; }

redis_prepare() {
  local home=$1 nodes=$2 node
  ports "$home" "$nodes" 1
  for node in $(seq "$nodes"); do mkdir -p "$home/$node"; done
  redis_settings "$home" 1 >"$home/1/redis.conf"
  {
    redis_settings "$home" 2
    printf 'replicaof 127.0.0.1 %s\n' "$(port "$home" 1 1)"
  } >"$home/2/redis.conf"
  # The Sentinels rewrite their files.
  for node in 3 4 5; do
    cat >"$home/$node/redis.conf" <<SETTINGS
port $(port "$home" "$node" 1)
bind 127.0.0.1
dir $home/$node
sentinel monitor $REDIS_MASTER_NAME 127.0.0.1 $(port "$home" 1 1) 2
sentinel down-after-milliseconds $REDIS_MASTER_NAME 1000
sentinel failover-timeout $REDIS_MASTER_NAME 3000
sentinel parallel-syncs $REDIS_MASTER_NAME 1
SETTINGS
  done
}

redis_settings() {
  cat <<SETTINGS
port $(port "$1" "$2" 1)
bind 127.0.0.1
dir $1/$2
appendonly yes
appendfsync always
save ""
repl-diskless-sync-delay 0
SETTINGS
}

redis_run() {
  case $2 in
    [12]) exec redis-server "$1/$2/redis.conf" ;;
    *) exec redis-sentinel "$1/$2/redis.conf" ;;
  esac
}

# A Sentinel is ready when it knows the replica and the other two: before, they cannot agree on a new master.
redis_ready() {
  local home=$1 node=$2 answer
  case $node in
    [12]) [[ $(redis_ask "$home" "$node" ping) == PONG ]] ;;
    *)
      answer=$(redis_ask "$home" "$node" sentinel master "$REDIS_MASTER_NAME" | paste -sd ' ')
      [[ $answer == *"num-slaves 1 "* && $answer == *"num-other-sentinels 2 "* ]]
      ;;
  esac
}

# redis_ask HOME NODE COMMAND...
redis_ask() {
  local home=$1 node=$2
  shift 2
  timeout 5 redis-cli -p "$(port "$home" "$node" 1)" "$@"
}

redis_env() {
  local node sentinels=()
  for node in 3 4 5; do sentinels+=("127.0.0.1:$(port "$1" "$node" 1)"); done
  (IFS=,; printf 'export CARILLON_TEST_SENTINELS=%s\n' "${sentinels[*]}")
  printf 'export CARILLON_TEST_REDIS_MASTER_NAME=%s\n' "$REDIS_MASTER_NAME"
}

redis_remove() { :; }
