# Stages of deploy/test.sh that let independent implementations talk to ours: SMSGate (CMPP 2.0, 3.0, SMPP 3.4), npm
# smpp, smpplib, aiosmtpd and Python's smtplib, and Wireshark, which reads what we write. The programs are in
# deploy/interop/.
# shellcheck shell=bash

INTEROP="$PROJECT/deploy/interop"
MESSAGES="$INTEROP/messages.tsv"
LOGIN=901234
PASSWORD=secret12

ensure_interop_tools() {
  ensure_commands javac:openjdk-17-jdk-headless mvn:maven node:nodejs npm:npm openssl:openssl
  ensure_wireshark
  ensure_smsgate
  ensure_npm_smpp
  ensure_python_peers
}

ensure_wireshark() {
  # Without this the package asks who may capture; nothing is captured here.
  command -v debconf-set-selections >/dev/null && ! command -v tshark >/dev/null &&
    echo "wireshark-common wireshark-common/install-setuid boolean false" | as_root debconf-set-selections
  ensure_commands tshark:tshark text2pcap:wireshark-common
}

# Jars and classes, made anew when the sources or the pom have changed.
ensure_smsgate() {
  local mark
  mark=$(cat "$INTEROP"/smsgate/pom.xml "$INTEROP"/smsgate/*.java | sha256sum | cut -c1-16)
  SMSGATE="$CACHE/smsgate-$mark"
  [[ -e $SMSGATE/complete ]] && return 0
  rm -rf "$CACHE"/smsgate-*
  local plugin=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies
  # Fetching sometimes fails half-way; what has arrived is kept.
  mvn_retrying 3 -B -q -f "$INTEROP/smsgate/pom.xml" "$plugin" -DincludeScope=runtime -DoutputDirectory="$SMSGATE/lib"
  javac -encoding UTF-8 -cp "$SMSGATE/lib/*" -d "$SMSGATE/classes" "$INTEROP"/smsgate/*.java
  touch "$SMSGATE/complete"
}

mvn_retrying() {
  local tries=$1
  shift
  until mvn "$@"; do
    ((--tries > 0)) || fail "could not fetch the jars"
  done
}

ensure_npm_smpp() {
  NPM_SMPP="$CACHE/npm-smpp"
  ensure_npm "$INTEROP/npm" "$NPM_SMPP"
}

# ensure_npm SOURCE FOLDER: the files of the one in the other, with their packages.
ensure_npm() {
  local source=$1 folder=$2
  mkdir -p "$folder"
  cp "$source"/*.js* "$folder/"
  cmp -s "$folder/package-lock.json" "$folder/complete" && return 0
  npm --prefix "$folder" ci --loglevel=error --no-audit --no-fund
  cp "$folder/package-lock.json" "$folder/complete"
}

# smpplib and aiosmtpd.
ensure_python_peers() {
  PYTHON_PEERS="$CACHE/python-peers"
  cmp -s "$INTEROP/python/requirements.txt" "$PYTHON_PEERS/complete" && return 0
  ensure_venv "$PYTHON_PEERS" --require-hashes -r "$INTEROP/python/requirements.txt"
  cp "$INTEROP/python/requirements.txt" "$PYTHON_PEERS/complete"
}

smsgate() {
  java -Xmx256m -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
    -cp "$SMSGATE/classes:$SMSGATE/lib/*" Peer "$@"
}

# --- our client against their carriers --------------------------------------------------------------------------------

stage_interop_smsgate_carrier() {
  ensure_smsgate
  local protocol
  for protocol in cmpp2.0 cmpp3.0 smpp3.4; do
    our_client_against "$protocol" smsgate carrier "$protocol"
  done
}

stage_interop_npm_carrier() {
  ensure_npm_smpp
  our_client_against smpp3.4 node "$NPM_SMPP/peer.js" carrier
}

# our_client_against PROTOCOL CARRIER-COMMAND...: all messages must arrive as they are, and a short and a long reply
# must come back.
our_client_against() {
  local protocol=$1 port work
  shift
  say "== our $protocol client, carrier: $*"
  port=$(free_port)
  work=$(mktemp -d)
  start "$work/carrier.out" "$@" "$port" "$LOGIN" "$PASSWORD" "$work/received"
  wait_for 30 port_is_open "$port" || fail "the carrier did not start: $(tail -n 20 "$work/carrier.out")"
  "$BIN/carillon-loadtest" interop-client --protocol "$protocol" --port "$port" --login "$LOGIN" \
    --password "$PASSWORD" --messages "$MESSAGES" --replies 2
  diff -u --label sent --label 'received by the carrier' <(sort "$MESSAGES") <(sort "$work/received")
  stop_started
  rm -r "$work"
}

# --- their clients against our carrier --------------------------------------------------------------------------------

# SMSGate and smpplib cut an emoji in two where a segment ends; our ledger reads each segment by itself.
without_cut_emoji() { grep -v '😀' "$MESSAGES"; }

stage_interop_smsgate_client() {
  ensure_smsgate
  local protocol messages="$LOGS/messages-smsgate.tsv"
  without_cut_emoji >"$messages"
  for protocol in cmpp2.0 cmpp3.0 smpp3.4; do
    client_against_ours "$protocol" "$messages" smsgate client "$protocol"
  done
}

stage_interop_npm_client() {
  ensure_npm_smpp
  client_against_ours smpp3.4 "$MESSAGES" node "$NPM_SMPP/peer.js" client
}

stage_interop_smpplib_client() {
  ensure_python_peers
  local messages="$LOGS/messages-smpplib.tsv"
  without_cut_emoji >"$messages"
  client_against_ours smpp3.4 "$messages" "$PYTHON_PEERS/bin/python" "$INTEROP/python/client.py"
}

# client_against_ours PROTOCOL MESSAGES CLIENT-COMMAND...: the client checks its own side; our ledger must hold all
# messages as they were sent.
client_against_ours() {
  local protocol=$1 messages=$2 port work
  shift 2
  say "== our $protocol carrier, client: $*"
  port=$(free_port)
  work=$(mktemp -d)
  start_our_carrier "$work" "$protocol" "$port"
  "$@" 127.0.0.1 "$port" "$LOGIN" "$PASSWORD" "$messages"
  stop_started
  diff -u --label sent --label 'received by our carrier' <(sort "$messages") <(received_by_our_carrier "$work" | sort)
  rm -r "$work"
}

# start_our_carrier FOLDER PROTOCOL PORT: it keeps its ledger in the folder, and every message is replied to at once.
start_our_carrier() {
  cat >"$1/carriers.toml" <<CARRIER
[[carrier]]
name = "ours"
protocol = "$2"
port = $3
keep_texts = true
[[carrier.account]]
login = "$LOGIN"
password = "$PASSWORD"
[carrier.behaviour]
reply_share = 1.0
reply_ms = { min = 0, max = 0 }
CARRIER
  start "$1/carrier.out" "$BIN/carillon-loadtest" carrier --config "$1/carriers.toml" --ledger "$1"
  wait_for 10 port_is_open "$3" || fail "the carrier did not start: $(cat "$1/carrier.out")"
}

received_by_our_carrier() {
  "$BIN/carillon-loadtest" ledger "$1/ours.ledger" | python3 "$INTEROP/ledger_texts.py"
}

# --- our whole server against their carriers ----------------------------------------------------------------------------

# `carillon serve` with one account and one connection per carrier: what comes in by REST goes out by CMPP and SMPP, and
# receipts and replies come back by REST.
stage_interop_server() {
  ensure_smsgate
  ensure_npm_smpp
  local work
  work=$(mktemp -d)
  cat >"$work/catalog.toml" <<CATALOG
[[organisation]]
name = "interop"
[[business_type]]
name = "notice"
CATALOG
  SERVER_PEERS=()
  add_carrier "$work" cmpp20 cmpp2.0 smsgate carrier cmpp2.0
  add_carrier "$work" cmpp30 cmpp3.0 smsgate carrier cmpp3.0
  add_carrier "$work" smpp34 smpp3.4 smsgate carrier smpp3.4
  add_carrier "$work" npm smpp3.4 node "$NPM_SMPP/peer.js" carrier
  "$BIN/carillon" apply "$work/catalog.toml" --data "$work/data" >"$work/applied"
  start "$work/server.log" "$BIN/carillon" serve --data "$work/data" --port 0
  local url name key country
  wait_for 30 grep -q '^api: ' "$work/server.log" || fail "the server did not start: $(cat "$work/server.log")"
  url=$(sed -n 's/^api: //p' "$work/server.log")
  for name in "${SERVER_PEERS[@]}"; do
    say "== through the server to $name"
    key=$(sed -n "s/^api-key $name: //p" "$work/applied")
    python3 "$INTEROP/through_server.py" "$url" "$key" "$MESSAGES"
    # Numbers go out in the national form over CMPP, in the international one over SMPP.
    [[ $name == cmpp* ]] && country='' || country=86
    diff -u --label sent --label "received by $name" \
      <(sort "$MESSAGES" | sed "s/^/$country/") <(sort "$work/$name.received")
  done
  stop_started
  rm -r "$work"
}

# add_carrier FOLDER NAME PROTOCOL CARRIER-COMMAND...: starts a carrier and writes its account, connection and route.
add_carrier() {
  local work=$1 name=$2 protocol=$3 port
  shift 3
  port=$(free_port)
  start "$work/$name.out" "$@" "$port" "$LOGIN" "$PASSWORD" "$work/$name.received"
  wait_for 30 port_is_open "$port" || fail "$name did not start: $(tail -n 20 "$work/$name.out")"
  SERVER_PEERS+=("$name")
  cat >>"$work/catalog.toml" <<CATALOG
[[connection]]
name = "$name"
protocol = "$protocol"
host = "127.0.0.1"
port = $port
login = "$LOGIN"
password = "$PASSWORD"
source_number = "10690000"
service_id = "SMS"
[[route_group]]
name = "$name"
members = ["$name"]
[[route_rule]]
name = "$name"
accounts = ["$name"]
group = "$name"
[[account]]
name = "$name"
organisation = "interop"
business_type = "notice"
connections = ["$name"]
extension = "1${#SERVER_PEERS[@]}"
modules = { send = true, query = true, feeds = true }
CATALOG
}

# --- mail -------------------------------------------------------------------------------------------------------------

# `carillon serve` with relays of all kinds of security: mails arrive as they were sent, bounces end them, and a plan
# falls back to our carrier.
stage_interop_mail() {
  ensure_commands openssl:openssl
  ensure_python_peers
  local work sms_port bounces_port
  work=$(mktemp -d)
  sms_port=$(free_port)
  start_our_carrier "$work" smpp3.4 "$sms_port"
  make_certificate "$work"
  cat >"$work/catalog.toml" <<CATALOG
[[organisation]]
name = "interop"
[[business_type]]
name = "notice"
[[connection]]
name = "sms"
protocol = "smpp3.4"
host = "127.0.0.1"
port = $sms_port
login = "$LOGIN"
password = "$PASSWORD"
source_number = "10690000"
[[route_group]]
name = "sms"
members = ["sms"]
[[route_rule]]
name = "sms"
group = "sms"
CATALOG
  add_relay "$work" none '"none", "sms"'
  add_relay "$work" starttls '"starttls"'
  add_relay "$work" tls '"tls"'
  "$BIN/carillon" apply "$work/catalog.toml" --data "$work/data" >"$work/applied"
  bounces_port=$(free_port)
  printf '[mail_bounces]\nlisten = "127.0.0.1:%s"\n' "$bounces_port" >"$work/carillon.toml"
  start "$work/server.log" "$BIN/carillon" serve --config "$work/carillon.toml" --data "$work/data" --port 0
  wait_for 30 grep -q '^api: ' "$work/server.log" || fail "the server did not start: $(cat "$work/server.log")"
  local url password keys
  url=$(sed -n 's/^api: //p' "$work/server.log")
  password=$(<"$work/data/first-password")
  mapfile -t keys < <(sed -n 's/^api-key \(.*\): \(.*\)/\1=\2/p' "$work/applied")
  python3 "$INTEROP/mail_through_server.py" "$url" "$bounces_port" "$password" "$work" "${keys[@]}" ||
    fail "the server says: $(tail -n 20 "$work/server.log")"
  stop_started
  diff -u --label 'short messages sent' --label 'received by our carrier' \
    <(sed 's/^/86/' "$work/sms.expected") <(received_by_our_carrier "$work" | sort)
  rm -r "$work"
}

# make_certificate FOLDER: an authority (ca.pem) and a certificate of it for 127.0.0.1 (relay.pem, relay.key).
make_certificate() {
  local new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2)
  "${new[@]}" -subj '/CN=interop authority' -keyout "$1/ca.key" -out "$1/ca.pem"
  "${new[@]}" -CA "$1/ca.pem" -CAkey "$1/ca.key" -subj '/CN=relay' -addext subjectAltName=IP:127.0.0.1 \
    -addext basicConstraints=critical,CA:FALSE -keyout "$1/relay.key" -out "$1/relay.pem"
}

# add_relay FOLDER SECURITY CONNECTIONS: starts a relay of this security, which is also its name, and writes its
# connection, its route, and an account with these connections.
add_relay() {
  local work=$1 name=$2 connections=$3 port login=''
  port=$(free_port)
  start "$work/$name.out" "$PYTHON_PEERS/bin/python" "$INTEROP/python/relay.py" \
    "$port" "$name" "$LOGIN" "$PASSWORD" "$work/relay.pem" "$work/relay.key" "$work/$name.received"
  wait_for 10 port_is_open "$port" || fail "the relay did not start: $(cat "$work/$name.out")"
  [[ $name == none ]] || login="login = '$LOGIN'"$'\n'"password = '$PASSWORD'"
  cat >>"$work/catalog.toml" <<CATALOG
[[connection]]
name = "$name"
protocol = "smtp"
host = "127.0.0.1"
port = $port
$login
[connection.mail]
security = "$name"
from = "notice@hospital.example"
from_name = "示范医院（通知）"
return_path_domain = "bounces.hospital.example"
ca_file = "$work/ca.pem"
[[route_group]]
name = "$name"
members = ["$name"]
[[route_rule]]
name = "$name"
accounts = ["$name"]
group = "$name"
[[account]]
name = "$name"
organisation = "interop"
business_type = "notice"
connections = [$connections]
modules = { send = true, query = true, feeds = true }
CATALOG
}

# --- Wireshark --------------------------------------------------------------------------------------------------------

# Every PDU of a whole conversation is dissected without a complaint, and the recipients are found where they belong.
# Wireshark 4.0 knows SMPP and CMPP 3.0.
stage_interop_wireshark() {
  ensure_wireshark
  dissect cmpp3.0 cmpp 7890 cmpp.Dest_terminal_Id 'cmpp.Command_Id == 4'
  dissect smpp3.4 smpp 2775 smpp.destination_addr 'smpp.command_id == 4'
}

# dissect PROTOCOL DISSECTOR PORT RECIPIENT-FIELD SUBMIT-FILTER
dissect() {
  local work pdus understood complaints
  work=$(mktemp -d)
  "$BIN/carillon-loadtest" pdus --protocol "$1" --messages "$MESSAGES" >"$work/pdus"
  text2pcap -q -r '^(?<dir>[<>]) (?<data>[0-9a-f]+)$' -T "50000,$3" "$work/pdus" "$work/pcapng"
  local shark=(tshark -r "$work/pcapng" -d "tcp.port==$3,$2")
  complaints=$("${shark[@]}" -V -Y '_ws.malformed || _ws.expert.severity >= 6291456')
  [[ -z $complaints ]] || fail "Wireshark complains:"$'\n'"$complaints"
  pdus=$(wc -l <"$work/pdus")
  understood=$("${shark[@]}" -Y "$2" | wc -l)
  say "$1: $understood of $pdus PDUs dissected"
  ((pdus > 50 && understood == pdus))
  diff -u --label 'recipients of the messages' --label 'recipients as dissected' \
    <(cut -f 1 "$MESSAGES" | sort -u) <("${shark[@]}" -Y "$5" -T fields -e "$4" | sort -u)
  rm -r "$work"
}
