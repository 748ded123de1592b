# Apache Cassandra, the CQL server that stands for ScyllaDB, whose packages do not come from a registry. Node N is at 127.0.0.N; all
# have the same ports.
# shellcheck shell=bash

# Of three nodes each owns a third, so that none has to wait for another to join.
CASSANDRA_TOKENS=(-9223372036854775808 -3074457345618258603 3074457345618258602)

cassandra_fetch() {
  ensure_commands python3:python3
  fetch_jars cassandra
}

cassandra_prepare() {
  local home=$1 nodes=$2 node
  # Of CQL, between nodes, and of JMX; each node may have its own.
  ports "$home" "$nodes" 3
  for node in $(seq "$nodes"); do
    mkdir -p "$home/$node/tmp"
    cassandra_settings "$home" "$node" "$nodes" >"$home/$node/cassandra.yaml"
  done
}

cassandra_settings() {
  local home=$1 node=$2 nodes=$3 seeds=() seed between
  between=$(port "$home" 1 2)
  for seed in $(seq "$nodes"); do seeds+=("127.0.0.$seed:$between"); done
  cat <<SETTINGS
cluster_name: carillon
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: batch
endpoint_snitch: SimpleSnitch
listen_address: 127.0.0.$node
rpc_address: 127.0.0.$node
storage_port: $between
native_transport_port: $(port "$home" 1 1)
start_native_transport: true
auto_bootstrap: false
seed_provider: [{class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{seeds: "$(IFS=,; printf '%s' "${seeds[*]}")"}]}]
data_file_directories: [$home/$node/data]
commitlog_directory: $home/$node/commitlog
saved_caches_directory: $home/$node/saved_caches
hints_directory: $home/$node/hints
cdc_raw_directory: $home/$node/cdc_raw
commitlog_segment_size: 4MiB
commitlog_total_space: 256MiB
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
file_cache_size: 32MiB
networking_cache_size: 32MiB
key_cache_size: 4MiB
concurrent_reads: 8
concurrent_writes: 16
concurrent_compactors: 1
batch_size_warn_threshold: 64KiB
batch_size_fail_threshold: 512KiB
SETTINGS
  ((nodes == 1)) || printf 'initial_token: "%s"\n' "${CASSANDRA_TOKENS[node - 1]}"
}

cassandra_run() {
  local home=$1 node=$2 jars name open=()
  jars=$(jars_of cassandra)
  for name in java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry \
    java.rmi/sun.rmi.server java.sql/java.sql java.base/java.lang.ref jdk.unsupported/sun.misc \
    jdk.compiler/com.sun.tools.javac.file jdk.attach/sun.tools.attach; do
    open+=(--add-exports "$name=ALL-UNNAMED")
  done
  for name in java.base/{java.lang.module,jdk.internal.loader,jdk.internal.ref,jdk.internal.reflect,jdk.internal.math} \
    java.base/{jdk.internal.module,jdk.internal.util.jar,sun.nio.ch,java.io,java.lang.reflect,java.lang,java.util,java.nio} \
    jdk.management/com.sun.management.internal jdk.compiler/com.sun.tools.javac; do
    open+=(--add-opens "$name=ALL-UNNAMED")
  done
  exec java "-javaagent:$jars/jamm-0.4.0.jar" "${JAVA_SMALL[@]}" "${open[@]}" -Djdk.attach.allowAttachSelf=true \
    -Dio.netty.tryReflectionSetAccessible=true -Dio.netty.allocator.useCacheForAllThreads=true -Dio.netty.allocator.maxOrder=11 \
    "-Djava.io.tmpdir=$home/$node/tmp" "-Djna.tmpdir=$home/$node/tmp" "-Dcassandra.config=file://$home/$node/cassandra.yaml" \
    "-Dcassandra.storagedir=$home/$node" "-Dcassandra.logdir=$home/$node/logs" -Dcassandra-foreground=yes \
    "-Dcassandra.jmx.local.port=$(port "$home" "$node" 3)" -Dcassandra.libjemalloc=- \
    "-Dlogback.configurationFile=$SERVERS/cassandra/logback.xml" -Dcassandra.skip_wait_for_gossip_to_settle=0 \
    -Dcassandra.ring_delay_ms=1000 -Dcassandra.superuser_setup_delay_ms=0 \
    -cp "$jars/*" org.apache.cassandra.service.CassandraDaemon
}

# An open port is too early: it must answer, and know all nodes.
cassandra_ready() {
  local nodes
  nodes=$(wc -l <"$1/ports")
  python3 "$SERVERS/cassandra/peers.py" "127.0.0.$2" "$(port "$1" 1 1)" "$nodes"
}

cassandra_env() {
  local node peers=()
  for node in $(seq "$2"); do peers+=("127.0.0.$node:$(port "$1" 1 1)"); done
  (IFS=,; printf 'export CARILLON_TEST_CASSANDRA=%s\n' "${peers[*]}")
}

cassandra_remove() { :; }
