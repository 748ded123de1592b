# The stage of deploy/test.sh that looks at the pages in a browser: a real server, simulated carriers, the pages as they are
# delivered. The tests are in deploy/browser/.
# shellcheck shell=bash

ensure_browser() {
  ensure_commands chromium:chromium node:nodejs npm:npm
  # Without it Chinese is drawn as boxes.
  ensure_packages fonts-noto-cjk
  BROWSER_TESTS="$CACHE/browser"
  mkdir -p "$BROWSER_TESTS"
  cp "$PROJECT"/deploy/browser/* "$BROWSER_TESTS/"
  cmp -s "$BROWSER_TESTS/package-lock.json" "$BROWSER_TESTS/complete" && return 0
  npm --prefix "$BROWSER_TESTS" ci --loglevel=error --no-audit --no-fund
  cp "$BROWSER_TESTS/package-lock.json" "$BROWSER_TESTS/complete"
}

PICTURE_BYTES_MAX=250000

# For docs/images/, by hand, in 40 minutes: source deploy/lib.sh, the stages dashboard and browser, then `take_pictures`.
take_pictures() {
  ensure_browser
  ensure_commands pngquant:pngquant
  # Clocks that are set to a busy hour, and fields for dates as Chinese browsers show them.
  ensure_packages libfaketime chromium-l10n
  build
  build_dashboard
  local taken
  taken=$(mktemp -d)
  # On a disk with room, whatever this machine's has.
  TMPDIR=/dev/shm LANGUAGE=zh_CN CHROMIUM=$(command -v chromium) \
    node "$BROWSER_TESTS/pictures.js" --bin "$BIN" --pages "$CARGO_TARGET_DIR/dashboard" --demo "$PROJECT/deploy" \
    --faketime "$(dpkg -L libfaketime | grep '/libfaketimeMT.so.1$')" --out "$taken"
  rm -f "$PROJECT"/docs/images/*.png
  local picture
  for picture in "$taken"/*.png; do shrink_picture "$picture" "$PROJECT/docs/images/$(basename "$picture")"; done
  rm -r "$taken"
}

# shrink_picture FROM TO: with as many colours as its size allows.
shrink_picture() {
  local colours
  for colours in 256 128 64 48 32 24 20 16 12 8; do
    pngquant --nofs --force --speed 1 --output "$2" "$colours" "$1"
    (($(stat -c %s "$2") > PICTURE_BYTES_MAX)) || return 0
  done
  fail "$(basename "$1") has more than $PICTURE_BYTES_MAX bytes in 8 colours"
}

stage_browser() {
  ensure_browser
  build
  build_dashboard
  CHROMIUM=$(command -v chromium) \
    node "$BROWSER_TESTS/run.js" --bin "$BIN" --pages "$CARGO_TARGET_DIR/dashboard" --out "$LOGS/browser"
}
