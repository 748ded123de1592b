// Chromium, and pages that tell what went wrong in them.
import { chromium } from 'playwright-core';
import { assertEqual } from './check.js';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const TIMEOUT_MS = 10_000;

export const FULL_HD = { width: 1920, height: 1080 };
export const UHD = { width: 3840, height: 2160 };
export const LAPTOP = { width: 1366, height: 768 };

export function launch() {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--lang=zh-CN',
    ],
  });
}

/** A page of a browser window of its own. Nothing may go wrong in it but what the test says. */
export async function open(browser, checks, viewport = FULL_HD, more = {}) {
  const context = await browser.newContext({
    viewport, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce', ...more,
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const complaints = [];
  // What the policy forbids is told by an event of the page, besides the console.
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`forbidden by the policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  checks.pages.push(page);
  return Object.assign(page, {
    /** Complaints since the last call, less those that `expected` fits. */
    assertQuiet(expected = /^$/) {
      const left = complaints.splice(0).filter((text) => !expected.test(text));
      assertEqual(left, [], 'complaints of the page');
    },
    at: (test) => page.locator(`[data-test="${test}"]`),
  });
}

/** What Chromium says of answers that are no success. */
export const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d|^WebSocket connection to .* failed: HTTP Authentication failed/;
/** And of a server that is gone. */
export const GONE = /^Failed to load resource: net::ERR_|^WebSocket connection to .* failed/;
