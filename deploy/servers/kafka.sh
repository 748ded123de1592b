# Kafka in KRaft mode; every node is broker and controller.
# shellcheck shell=bash

# Any one does.
KAFKA_CLUSTER=MkU3OEVBNTcwNTJENDM2Qg

kafka_fetch() {
  ensure_commands python3:python3
  fetch_jars kafka
}

kafka_prepare() {
  local home=$1 nodes=$2 node voters=()
  ports "$home" "$nodes" 2
  for node in $(seq "$nodes"); do voters+=("$node@127.0.0.1:$(port "$home" "$node" 2)"); done
  for node in $(seq "$nodes"); do
    mkdir -p "$home/$node/tmp"
    kafka_settings "$home" "$node" "$nodes" "$(IFS=,; printf '%s' "${voters[*]}")" >"$home/$node/server.properties"
    kafka_java "$home" "$node" kafka.tools.StorageTool format -t "$KAFKA_CLUSTER" -c "$home/$node/server.properties" \
      >"$home/$node/log" 2>&1 || fail "Kafka could not format its folder; see $home/$node/log"
  done
}

# Three copies need two for a write. The session time-outs let a killed broker come back in 2 s instead of 12.
kafka_settings() {
  local home=$1 node=$2 nodes=$3 quorum=$4 in_sync=1
  ((nodes < 2)) || in_sync=2
  cat <<SETTINGS
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$quorum
listeners=PLAINTEXT://127.0.0.1:$(port "$home" "$node" 1),CONTROLLER://127.0.0.1:$(port "$home" "$node" 2)
advertised.listeners=PLAINTEXT://127.0.0.1:$(port "$home" "$node" 1)
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$home/$node/data
num.partitions=4
auto.create.topics.enable=false
offsets.topic.replication.factor=$nodes
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$nodes
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$nodes
share.coordinator.state.topic.min.isr=$in_sync
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.threads=1
num.network.threads=2
num.io.threads=4
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
SETTINGS
}

kafka_run() { kafka_java "$1" "$2" kafka.Kafka "$1/$2/server.properties"; }

kafka_java() {
  local home=$1 node=$2
  shift 2
  local run=(java "${JAVA_SMALL[@]}" -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true "-Djava.io.tmpdir=$home/$node/tmp"
    "-Dlog4j2.configurationFile=$SERVERS/kafka/log4j2.xml" -cp "$(jars_of kafka)/*")
  # Of what runs on, the process is to be the machine itself.
  [[ $1 == kafka.Kafka ]] && exec "${run[@]}" "$@"
  "${run[@]}" "$@"
}

# An open port is too early: it must know all brokers.
kafka_ready() {
  local nodes
  nodes=$(wc -l <"$1/ports")
  python3 "$SERVERS/kafka/brokers.py" "$(port "$1" "$2" 1)" "$nodes"
}

kafka_env() {
  local node brokers=()
  for node in $(seq "$2"); do brokers+=("127.0.0.1:$(port "$1" "$node" 1)"); done
  (IFS=,; printf 'export CARILLON_TEST_KAFKA=%s\n' "${brokers[*]}")
}

kafka_remove() { :; }
