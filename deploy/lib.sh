# Shared by run.sh, test.sh and interop/: strict mode, installing what is missing, starting and stopping processes.
# shellcheck shell=bash
set -euo pipefail

: "${HOME:?HOME must name a folder that may be written to}"
# Sorting and error texts are the same everywhere, and Java and Python read UTF-8.
export LC_ALL=C.UTF-8
PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/carillon-target}"
# First: with a system's rustc before it, rustup's cargo compiles with two compilers.
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# shellcheck disable=SC2034  # These are for the scripts that source this one.
{
  CALLED_FROM=$PWD
  CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/carillon"
  BIN="$CARGO_TARGET_DIR/debug"
}
cd "$PROJECT"

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# --- installing -----------------------------------------------------------------------------------------------------

# ensure_packages PACKAGE...: Debian packages; returns at once when all are installed.
ensure_packages() {
  local package missing=()
  command -v dpkg-query >/dev/null || fail "please install by hand (this is not Debian): $*"
  for package; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}")
  # The package lists are fetched only when they are missing or too old for what is asked.
  as_root "${install[@]}" >/dev/null 2>&1 && return 0
  as_root apt-get update -qq || fail "could not fetch the package lists"
  as_root "${install[@]}" >/dev/null || fail "could not install ${missing[*]}"
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "root or sudo is needed for: $*"
  fi
}

# ensure_commands COMMAND:PACKAGE...: packages of those commands that are not there yet.
ensure_commands() {
  local pair packages=()
  for pair; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
  done
  ((${#packages[@]} == 0)) || ensure_packages "${packages[@]}"
}

toolchain() { sed -n 's/^channel = "\(.*\)"/\1/p' "$PROJECT/rust-toolchain.toml"; }

# The toolchain of rust-toolchain.toml: by rustup, which is fetched when it is missing; where its host does not
# answer, Debian's own compiler. Linking, the bundled SQLite and the allocator need a C compiler with its headers, and make.
ensure_rust() {
  ensure_commands cc:gcc make:make curl:curl
  [[ -e /usr/include/stdio.h ]] || ensure_packages libc6-dev
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || ensure_packages ca-certificates
  if ! command -v rustup >/dev/null && ! rust_is_new_enough; then
    say "installing rustup"
    curl --proto '=https' --tlsv1.2 -fsS --retry 2 https://static.rust-lang.org/rustup/rustup-init.sh |
      sh -s -- -y -q --no-modify-path --profile minimal --default-toolchain none >/dev/null 2>&1 ||
      ensure_packages cargo-web rustc-web rust-web-clippy rustfmt-web
  fi
  if command -v rustup >/dev/null && ! rustup run "$(toolchain)" cargo --version >/dev/null 2>&1; then
    say "installing Rust $(toolchain)"
    rustup -q toolchain install "$(toolchain)" --no-self-update --profile minimal -c clippy -c rustfmt >/dev/null
  fi
  rust_is_new_enough || fail "Rust $(toolchain) or newer is needed; install it from https://rustup.rs"
}

rust_is_new_enough() {
  local have
  have=$(cargo --version 2>/dev/null | cut -d' ' -f2) || return 1
  [[ $(printf '%s\n' "$(toolchain)" "$have" | sort -V | head -n 1) == "$(toolchain)" ]]
}

# --- building -------------------------------------------------------------------------------------------------------

# The two binaries, by the one (optimised) profile; answers in a moment when nothing changed.
build() { cargo build --locked -p carillon -p carillon-loadtest; }

# The pages of wall and console, in cargo's target folder under dashboard/. Nothing is downloaded for them but what the
# compiler itself needs.
build_dashboard() {
  ensure_wasm_target
  cargo run --quiet --locked -p carillon-bundler -- "$@"
}

# The standard library for WebAssembly: by rustup; where its host does not answer, a compiler of Debian's, which builds it
# from source.
ensure_wasm_target() {
  if has_wasm_target; then return 0; fi
  # rustup's word is not enough: it says "up to date" of a target whose files somebody has removed.
  if command -v rustup >/dev/null && rustup -q target add --toolchain "$(toolchain)" "$WASM" && has_wasm_target; then
    return 0
  fi
  ensure_packages rustc-web rust-web-src lld
}

WASM=wasm32-unknown-unknown
has_wasm_target() { [[ -d $(rustc --print target-libdir --target "$WASM") ]]; }

# --- processes ------------------------------------------------------------------------------------------------------

STARTED=()

# start LOG COMMAND...: starts a process in its own process group and sets PID; stop_started ends it.
start() {
  local log=$1
  shift
  set -m
  "$@" >>"$log" 2>&1 </dev/null &
  PID=$!
  set +m
  STARTED+=("$PID")
}

# Ends everything start has started: politely, and after 10 s for good.
stop_started() {
  local pid
  for pid in "${STARTED[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  for pid in "${STARTED[@]}"; do
    wait_for 10 process_is_gone "$pid" || kill -KILL -- "-$pid" 2>/dev/null || true
  done
  STARTED=()
}

process_is_gone() { ! kill -0 "$1" 2>/dev/null; }

# wait_for SECONDS COMMAND...: until the command succeeds; false when the time is over.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that nobody listens on, below the range from which the system takes ports of outgoing connections.
free_port() {
  local port
  while :; do
    port=$((10000 + RANDOM % 20000))
    port_is_open "$port" || break
  done
  printf '%s\n' "$port"
}
