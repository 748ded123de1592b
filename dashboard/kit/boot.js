// Starts the program of the page, and tells when it cannot be loaded, e.g. because the server is being replaced.
import start from "asset:page.js";

const RETRY_AFTER_MS = 15000;

start({ module_or_path: "asset:page.wasm" }).catch((cause) => {
  const cover = document.createElement("div");
  cover.className = "broken";
  cover.textContent = "页面没有载入，15 秒后再试 · The page did not load; it is tried again in 15 s";
  const detail = document.createElement("small");
  detail.textContent = String(cause);
  cover.append(detail);
  document.body.append(cover);
  setTimeout(() => location.reload(), RETRY_AFTER_MS);
});
