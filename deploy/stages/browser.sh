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

# For docs/images/, by hand: source deploy/lib.sh and this, then `take_pictures`.
take_pictures() {
  ensure_browser
  ensure_commands pngquant:pngquant
  build
  build_dashboard
  CHROMIUM=$(command -v chromium) \
    node "$BROWSER_TESTS/pictures.js" --bin "$BIN" --pages "$CARGO_TARGET_DIR/dashboard" --out "$PROJECT/docs/images"
  pngquant --force --ext .png --quality 70-95 --speed 1 "$PROJECT"/docs/images/*.png
  pngquant --nofs --force --ext .png 32 "$PROJECT"/docs/images/*-4k.png
}

stage_browser() {
  ensure_browser
  build
  build_dashboard
  CHROMIUM=$(command -v chromium) \
    node "$BROWSER_TESTS/run.js" --bin "$BIN" --pages "$CARGO_TARGET_DIR/dashboard" --out "$LOGS/browser"
}
