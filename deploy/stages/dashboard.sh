# Stages of deploy/test.sh for the front ends.
# shellcheck shell=bash

# Most that a browser downloads for a page, in bytes with Brotli: everything that its folder holds.
WALL_BYTES_MAX=$((250 * 1024))
CONSOLE_BYTES_MAX=$((600 * 1024))

stage_dashboard() {
  build_dashboard
  check_page wall "$WALL_BYTES_MAX"
  check_page console "$CONSOLE_BYTES_MAX"
}

# check_page NAME BYTES: the page names only files that are there, carries nothing made for work on it, and is small.
check_page() {
  local folder="$CARGO_TARGET_DIR/dashboard/$1" total=0 file address
  while read -r address; do
    [[ -f $CARGO_TARGET_DIR/dashboard$address ]] || fail "$1 names $address, which is not there"
  done < <(grep -oE "/$1/[A-Za-z0-9_.-]+" "$folder/index.html")
  if grep -q 'fixture=' "$folder"/*.wasm; then fail "$1 carries made-up states"; fi
  for file in "$folder"/*; do
    [[ $file == *.br || $file == *.gz ]] && continue
    [[ -f $file.br ]] && file+=.br
    total=$((total + $(stat -c %s "$file")))
  done
  say "$1: $total bytes with Brotli, at most $2 allowed"
  ((total <= $2)) || fail "$1 has become too large"
}
