# Stages of deploy/test.sh with real servers: that these come and go as they should, and what of ours runs on them.
# shellcheck shell=bash

SERVERS_OF_TESTS="$LOGS/servers"
CONFLUENT_KAFKA_VERSION=2.16.1

# What a server answered for is there after kill -9, and Redis goes on by its replica.
stage_servers() {
  local folder="$SERVERS_OF_TESTS/all"
  with_servers "$folder" postgres redis cassandra3 kafka3 -- servers_are_real "$folder"
  say "tests: 4"
}

servers_are_real() {
  local folder=$1 value="kept $EPOCHREALTIME" redis="$1/redis" postgres="$1/postgres"
  postgres_sql "$postgres" "create table kept (value text); insert into kept values ('$value')"
  redis_ask "$redis" 1 set kept "$value"
  redis_ask "$redis" 1 wait 1 5000
  servers_kill "$folder" redis:1
  wait_for 30 redis_has_master "$redis" 2 || fail "no Sentinel has made the replica the master"
  [[ $(redis_ask "$redis" 2 get kept) == "$value" ]]
  servers_restart "$folder" postgres cassandra3:2 kafka3:2
  [[ $(postgres_sql "$postgres" 'select value from kept') == "$value" ]]
}

# redis_has_master HOME NODE: whether all Sentinels hold that node for the master.
redis_has_master() {
  local node
  for node in 3 4 5; do
    redis_ask "$1" "$node" sentinel get-master-addr-by-name "$REDIS_MASTER_NAME" | grep -qx "$(port "$1" "$2" 1)" || return 1
  done
}

# The journal of a lane on a broker, and upstream systems over it.
stage_kafka() {
  ensure_rust
  ensure_kafka_examples
  with_servers "$SERVERS_OF_TESTS/kafka" kafka -- tests_on_kafka
}

# What a reader of the examples has, and the check of the AsyncAPI document.
ensure_kafka_examples() {
  ensure_commands javac:openjdk-17-jdk-headless node:nodejs npm:npm
  fetch_jars kafka
  local clients="$CACHE/confluent-kafka-$CONFLUENT_KAFKA_VERSION" check="$CACHE/asyncapi" jars
  jars=$(jars_of kafka)
  "$clients/bin/python" -c 'import confluent_kafka' 2>/dev/null ||
    ensure_venv "$clients" "confluent-kafka==$CONFLUENT_KAFKA_VERSION"
  ensure_npm "$PROJECT/deploy/asyncapi" "$check"
  export CARILLON_TEST_EXAMPLE_PYTHON="$clients/bin/python"
  export CARILLON_TEST_EXAMPLE_JAVA="java ${JAVA_SMALL[*]} -Dslf4j.internal.verbosity=WARN -cp $jars/*"
  export CARILLON_TEST_ASYNCAPI="node $check/check.js"
}

# The catalog in a database, and services that share it.
stage_postgres() {
  ensure_rust
  with_servers "$SERVERS_OF_TESTS/postgres" postgres -- tests_on_postgres
}

# The history on one server, and on three of which one is missing.
stage_cassandra() {
  ensure_rust
  with_servers "$SERVERS_OF_TESTS/cassandra" cassandra -- tests_on_cassandra
  with_servers "$SERVERS_OF_TESTS/replicas" cassandra3 -- tests_of_history replicas -p carillon-scylla
  awk '/^test result: ok\./ { n += $4 } END { if (!n) exit 1; print "tests: " n }' "$LOGS"/cassandra-*.cargo.log
}

tests_on_cassandra() {
  tests_of_history history -p carillon-scylla
  tests_of_history scylla -p carillon
}

# tests_of_history TEST CARGO-ARGUMENT...: with what is in the environment.
tests_of_history() {
  local test=$1
  shift
  cargo test --locked "$@" --test "$test" 2>&1 | tee "$LOGS/cassandra-$test.cargo.log"
}

# Nodes of a cluster under load: killed, stopped, standing still; and each of their servers gone for a while.
stage_nodes() {
  local one="$SERVERS_OF_TESTS/nodes" three="$SERVERS_OF_TESTS/brokers"
  with_servers "$one" kafka postgres -- tests_of_nodes
  with_servers "$one" kafka postgres cassandra -- nodes_on_servers "$one" 1 --times 1 \
    --fault "cassandra=deploy/servers/servers.sh restart $one cassandra" \
    --fault "kafka=deploy/servers/servers.sh kill $one kafka; sleep 8; deploy/servers/servers.sh start $one kafka" \
    --fault "postgres=deploy/servers/servers.sh restart $one postgres"
  with_servers "$three" kafka3 postgres -- nodes_on_servers "$three" 3 --times 0 \
    --fault "broker=deploy/servers/servers.sh kill $three kafka3:2; sleep 5; deploy/servers/servers.sh start $three kafka3:2"
  awk '/^test result: ok\./ { n += $4 } END { if (!n) exit 1; print "tests: " n + 2 }' "$LOGS/nodes.cargo.log"
}

tests_of_nodes() {
  cargo test --locked -p carillon --test nodes 2>&1 | tee "$LOGS/nodes.cargo.log"
}

# nodes_on_servers FOLDER BROKERS ARGUMENT...
nodes_on_servers() {
  cluster_settings "$1" "$2" 3
  shift 2
  "$BIN/carillon-loadtest" nodes "$@"
}

tests_on_postgres() {
  local log="$LOGS/postgres.cargo.log"
  {
    cargo test --locked -p carillon-catalog --test postgres
    cargo test --locked -p carillon --test cluster
  } 2>&1 | tee "$log"
  awk '/^test result: ok\./ { n += $4 } END { if (!n) exit 1; print "tests: " n }' "$log"
}

tests_on_kafka() {
  local log="$LOGS/kafka.cargo.log"
  {
    cargo test --locked -p carillon-kafka --test journal
    cargo test --locked -p carillon --test upstream
  } 2>&1 | tee "$log"
  CARILLON_KAFKA_BROKERS=$CARILLON_TEST_KAFKA CARILLON_KAFKA_TOPIC_PREFIX=kills \
    CARILLON_KAFKA_REPLICATION=1 CARILLON_KAFKA_MIN_IN_SYNC=1 "$BIN/carillon-loadtest" kills --times 3
  awk '/^test result: ok\./ { n += $4 } END { if (!n) exit 1; print "tests: " n + 1 }' "$log"
}
