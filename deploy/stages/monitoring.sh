# The stage of deploy/test.sh that looks at what others watch the service with: deploy/prometheus and deploy/grafana. That the
# figures they name exist is a test of web/tests/hostile/alarms.rs.
# shellcheck shell=bash

# Out of the package, without the server in it.
ensure_promtool() {
  PROMTOOL="$CACHE/promtool"
  [[ -x $PROMTOOL ]] && return 0
  local work
  work=$(mktemp -d)
  chmod 755 "$work"
  download() { (cd "$work" && apt-get download -qq prometheus) >/dev/null 2>&1; }
  download || { as_root apt-get update -qq && download; } || fail "the package prometheus cannot be had"
  dpkg-deb --extract "$work"/prometheus_*.deb "$work"
  mkdir -p "$CACHE"
  mv "$work/usr/bin/promtool" "$PROMTOOL"
  rm -r "$work"
}

stage_monitoring() {
  ensure_promtool
  "$PROMTOOL" check config "$PROJECT/deploy/prometheus/prometheus.yml"
  local board
  board=$(mktemp)
  python3 "$PROJECT/deploy/stages/board_rules.py" <"$PROJECT/deploy/grafana/carillon.json" >"$board"
  "$PROMTOOL" check rules "$board"
  rm "$board"
}
