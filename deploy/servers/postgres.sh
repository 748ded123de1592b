# PostgreSQL from Debian's packages, a cluster of its own. It refuses to run as root: then it runs as the package's user, and its
# folder lies where that user may go.
# shellcheck shell=bash

POSTGRES_PASSWORD=of-tests-only

postgres_fetch() { [[ -n $(postgres_bin) ]] || ensure_packages postgresql; }

# Its programs are not in the path.
postgres_bin() { find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1; }

postgres_prepare() {
  local home=$1 data
  ports "$home" 1 1
  data=$(mktemp -d "${TMPDIR:-/tmp}/carillon-postgres.XXXXXX")
  printf '%s\n' "$data" >"$home/elsewhere"
  printf '%s' "$POSTGRES_PASSWORD" >"$data/password"
  ((EUID != 0)) || chown -R postgres: "$data"
  (as_postgres "$data" "$(postgres_bin)/initdb" -D "$data/data" -U carillon --auth=scram-sha-256 --pwfile="$data/password" \
    -E UTF8 --locale=C.UTF-8) >"$home/initdb.log" 2>&1 || fail "initdb failed; see $home/initdb.log"
}

postgres_run() {
  local home=$1 data
  data=$(<"$home/elsewhere")
  as_postgres "$data" exec "$(postgres_bin)/postgres" -D "$data/data" -p "$(port "$home" 1 1)" -k "$data" -c listen_addresses=127.0.0.1 \
    -c shared_buffers=32MB -c max_connections=50
}

# as_postgres FOLDER [exec] COMMAND...: in the folder, since it may not be allowed where we are. For a shell of its own.
as_postgres() {
  local how=()
  cd "$1" || return
  shift
  [[ $1 == exec ]] && how=(exec) && shift
  ((EUID != 0)) || how+=(setpriv --reuid=postgres --regid=postgres --init-groups)
  "${how[@]}" "$@"
}

postgres_ready() { postgres_sql "$1" 'select 1'; }

# postgres_sql HOME STATEMENT
postgres_sql() { "$(postgres_bin)/psql" -X -q -t -A -v ON_ERROR_STOP=1 -c "$2" "$(postgres_url "$1")"; }

postgres_url() { printf 'postgres://carillon:%s@127.0.0.1:%s/postgres\n' "$POSTGRES_PASSWORD" "$(port "$1" 1 1)"; }

postgres_env() { printf 'export CARILLON_TEST_POSTGRES=%s\n' "$(postgres_url "$1")"; }

postgres_remove() {
  [[ -e $1/elsewhere ]] || return 0
  rm -rf "$(<"$1/elsewhere")"
}
