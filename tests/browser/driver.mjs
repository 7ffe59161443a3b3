// Drives Chromium for the tests of the site: node driver.mjs MODULES CHROMIUM
//
// MODULES is the folder that has node_modules. One command comes per line on standard input, one
// answer goes per line to standard output, in the order in which they get done:
//   {"id": 7, "page": 1, "do": "fill", "field": "E-mail", "text": "a@b.example"}
//   {"id": 7, "ok": true, "value": null}     or     {"id": 7, "ok": false, "error": "..."}
//
// Standard input that closes, for whatever reason, ends this program and Chromium.

import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, 'package.json'));
const { chromium } = require('playwright-core');
const axe = require('axe-core');

// Chromium leaves files behind, wherever it is told to put them.
const folder = mkdtempSync(path.join(os.tmpdir(), 'browser-'));
process.env.TMPDIR = folder;

const PATIENCE = 10_000;
const RULES = [
  'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice',
];
const HERE = ['127.0.0.1', 'localhost', '*.localhost'];
const TYPES = { '.csv': 'text/csv', '.json': 'application/json' };

// Where scripts are off, timers do not run, and axe-core yields by one of no delay now and then.
// Its others are time limits.
const TIMERS = `globalThis.setTimeout = (what, delay = 0, ...rest) => {
  if (delay < 2) Promise.resolve().then(() => what(...rest));
  return 0;
};`;

const launching = chromium.launch({
  executablePath,
  headless: true,
  chromiumSandbox: false,
  args: [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // No page of a test reaches beyond this machine.
    `--host-resolver-rules=MAP * ~NOTFOUND, ${HERE.map((host) => `EXCLUDE ${host}`).join(', ')}`,
  ],
});
// The command that waits for it tells why.
launching.catch(() => {});

const pages = new Map();
const numbers = new WeakMap();
let lastPage = 0;

// Keeps what a page does, from as early as it can be seen.
function adopt(page, context, scripted) {
  const state = { page, context, scripted, document: null, finished: [], problems: [] };
  const problem = (kind, text) => state.problems.push({ kind, text });
  const isDocument = (request) =>
    request.isNavigationRequest() && request.frame() === page.mainFrame();
  page.setDefaultTimeout(PATIENCE);
  page.on('request', (request) => {
    if (isDocument(request) && !request.redirectedFrom()) state.finished = [];
  });
  page.on('response', (response) => {
    if (isDocument(response.request())) state.document = response;
  });
  page.on('requestfinished', (request) => state.finished.push(request));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? 'unknown';
    // Aborted: the page went elsewhere, or the document became a download. The other is told by the
    // console, and better.
    if (!['net::ERR_ABORTED', 'csp'].includes(reason)) {
      problem('request', `${request.url()}: ${reason}`);
    }
  });
  page.on('pageerror', (error) => problem('script', String(error)));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const text = message.text();
    const { url } = message.location();
    // An error page is a document, not a problem of one.
    if (text.startsWith('Failed to load resource') && url === page.url()) return;
    problem(text.includes('Content Security Policy') ? 'csp' : 'console', `${text} (${url})`);
  });
  lastPage += 1;
  pages.set(lastPage, state);
  numbers.set(page, lastPage);
}

// What a person calls a field: its label. What begins like CSS is CSS.
function field({ page }, name) {
  if (name.startsWith('css=')) return page.locator(name);
  return /^[#.[]/.test(name) ? page.locator(name) : page.getByLabel(name, { exact: true });
}

function target({ page }, { role, name, css }) {
  return css === undefined ? page.getByRole(role, { name, exact: true }) : page.locator(css);
}

async function click(state, what) {
  // Waits until the answer to a form or a link has begun; the rest is waited for here.
  await target(state, what).click();
  await state.page.waitForLoadState('load');
}

const words = (text) => text.replace(/\s+/g, ' ').trim();

async function visibleText({ page }) {
  return words(await page.locator('body').innerText({ timeout: PATIENCE }));
}

// Asks again until the answer is yes. A page that is being replaced answers with an error.
async function until(patience, question) {
  const end = Date.now() + patience;
  for (;;) {
    if (await question().catch(() => false)) return true;
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function waitForText(state, { text, gone, timeout }) {
  const wanted = words(text);
  const patience = timeout ?? PATIENCE;
  const met = async () => (await visibleText(state)).includes(wanted) !== Boolean(gone);
  if (!(await until(patience, met))) {
    throw new Error(`"${text}" is ${gone ? 'still' : 'not'} there after ${patience} ms`);
  }
}

// Runs outside the page's own world: its Content-Security-Policy holds for the page and not here.
async function apart({ page, context }, ...scripts) {
  const cdp = await context.newCDPSession(page);
  try {
    const { frameTree } = await cdp.send('Page.getFrameTree');
    const { executionContextId } = await cdp.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'tests',
    });
    let value;
    for (const expression of scripts) {
      const answer = await cdp.send('Runtime.evaluate', {
        expression,
        contextId: executionContextId,
        awaitPromise: true,
        returnByValue: true,
      });
      if (answer.exceptionDetails) {
        const { exception, text } = answer.exceptionDetails;
        throw new Error(exception?.description ?? text);
      }
      value = answer.result.value;
    }
    return value;
  } finally {
    await cdp.detach().catch(() => {});
  }
}

async function audit(state) {
  const options = {
    runOnly: { type: 'tag', values: RULES },
    resultTypes: ['violations', 'incomplete'],
  };
  const run = `(async () => {
    const { violations, incomplete } = await axe.run(document, ${JSON.stringify(options)});
    const short = (all) => all.map(({ id, impact, help, nodes }) => ({
      id, impact, help,
      nodes: nodes.map(({ target, html, failureSummary, any }) => ({
        target: target.flat().join(' '), html,
        why: failureSummary ?? any.map(({ message }) => message).join('; '),
      })),
    }));
    return { violations: short(violations), open: short(incomplete) };
  })()`;
  return apart(state, ...(state.scripted ? [] : [TIMERS]), axe.source, run);
}

// Where the focus is, as a person with a screen reader or without a mouse meets it.
async function focused({ page, context }) {
  const seen = await page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    const style = getComputedStyle(element);
    const clear = /^(transparent|rgba\(.*, 0\))$/;
    const outline =
      style.outlineStyle !== 'none' &&
      parseFloat(style.outlineWidth) > 0 &&
      !clear.test(style.outlineColor);
    const { left, top, width, height } = element.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    return {
      tag: element.localName,
      outlined: outline || style.boxShadow !== 'none',
      covered: !there || !(element.contains(there) || there.contains(element)),
    };
  });
  if (!seen) return null;
  const cdp = await context.newCDPSession(page);
  try {
    const { result } = await cdp.send('Runtime.evaluate', { expression: 'document.activeElement' });
    const { nodes } = await cdp.send('Accessibility.getPartialAXTree', {
      objectId: result.objectId,
      fetchRelatives: false,
    });
    const { role, name } = nodes[0];
    return { ...seen, role: role?.value ?? '', name: name?.value ?? '' };
  } finally {
    await cdp.detach().catch(() => {});
  }
}

async function focusOrder(state, { most }) {
  const stops = [];
  while (stops.length < most) {
    await state.page.keyboard.press('Tab');
    const stop = await focused(state);
    // Past the last one the focus leaves the page.
    if (!stop) break;
    stops.push(stop);
  }
  return stops;
}

async function weight({ page, finished }) {
  await page.waitForLoadState('load');
  const requests = [];
  for (const request of finished) {
    const response = await request.response();
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    requests.push({
      url: request.url(),
      kind: request.resourceType(),
      status: response?.status() ?? 0,
      body_bytes: responseBodySize,
      header_bytes: responseHeadersSize,
    });
  }
  return requests;
}

const actions = {
  goto: async ({ page }, { url }) => (await page.goto(url, { waitUntil: 'load' }))?.status() ?? 0,
  reload: async ({ page }) => (await page.reload({ waitUntil: 'load' }))?.status() ?? 0,
  back: async ({ page }) => (await page.goBack({ waitUntil: 'load' }))?.status() ?? 0,
  status: async ({ document }) => document?.status() ?? 0,
  headers: async ({ document }) => (await document?.allHeaders()) ?? {},
  url: async ({ page }) => page.url(),
  title: async ({ page }) => page.title(),
  html: async ({ page }) => page.content(),
  text: async (state, { css }) =>
    css === undefined ? visibleText(state) : words(await state.page.locator(css).innerText()),
  count: async ({ page }, { css }) => page.locator(css).count(),
  attribute: async ({ page }, { css, name }) => page.locator(css).getAttribute(name),
  value: async (state, { field: name }) => field(state, name).inputValue(),
  wait_for_text: waitForText,
  wait_for: async ({ page }, { css, state, timeout }) =>
    page.locator(css).first().waitFor({ state: state ?? 'visible', timeout: timeout ?? PATIENCE }),
  click,
  new_tab: async ({ context }) => numbers.get(await context.newPage()),
  click_to_new_tab: async (state, what) => {
    const opened = state.context.waitForEvent('page', { timeout: PATIENCE });
    const [page] = await Promise.all([opened, target(state, what).click()]);
    await page.waitForLoadState('load');
    return numbers.get(page);
  },
  download: async (state, what) => {
    const begun = state.page.waitForEvent('download');
    const [download] = await Promise.all([begun, target(state, what).click()]);
    const text = await readFile(await download.path(), 'utf8');
    return { name: download.suggestedFilename(), text };
  },
  fill: async (state, { field: name, text }) => field(state, name).fill(text),
  select: async (state, { field: name, choice }) => {
    await field(state, name).selectOption(choice);
  },
  check: async (state, { field: name, on }) => field(state, name).setChecked(on),
  upload: async (state, { field: name, file, text }) => {
    const mimeType = TYPES[path.extname(file)] ?? 'text/plain';
    await field(state, name).setInputFiles({ name: file, mimeType, buffer: Buffer.from(text) });
  },
  press: async ({ page }, { key }) => {
    await page.keyboard.press(key);
    await page.waitForLoadState('load');
  },
  screenshot: async ({ page }, { path: file }) => {
    await page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
  },
  media: async ({ page }, { media }) => page.emulateMedia({ media }),
  resize: async ({ page }, { width, height }) => page.setViewportSize({ width, height }),
  axe: audit,
  evaluate: async ({ page }, { js }) => (await page.evaluate(js)) ?? null,
  widths: async ({ page }) =>
    page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, inner: innerWidth })),
  focus_order: focusOrder,
  weight,
  problems: async ({ problems }) => problems,
  cookies: async ({ context }) =>
    (await context.cookies()).map(({ httpOnly, sameSite, ...rest }) => ({
      ...rest, http_only: httpOnly, same_site: sameSite,
    })),
  clear_cookies: async ({ context }) => context.clearCookies(),
  clipboard: async ({ page }) => page.evaluate(() => navigator.clipboard.readText()),
  offline: async ({ context }, { on }) => context.setOffline(on),
};

async function open(look) {
  const browser = await launching;
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height },
    colorScheme: look.dark ? 'dark' : 'light',
    reducedMotion: look.reduced_motion ? 'reduce' : 'no-preference',
    forcedColors: look.forced_colors ? 'active' : 'none',
    javaScriptEnabled: look.javascript,
    locale: 'en-GB',
    timezoneId: 'UTC',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.on('page', (page) => adopt(page, context, look.javascript));
  const first = numbers.get(await context.newPage());
  pages.get(first).ownsContext = true;
  return first;
}

async function close(id) {
  const state = pages.get(id);
  pages.delete(id);
  await (state?.ownsContext ? state.context : state?.page)?.close();
}

// Playwright's words without their colours, and what the page showed.
async function explain(error, state) {
  const text = String(error?.message ?? error).replace(/\u001b\[[0-9;]*m/g, '').trim();
  if (!state || state.page.isClosed()) return text;
  const shown = await state.page.locator('body').innerText({ timeout: 1000 }).catch(() => '');
  return `${text}\nThe page ${state.page.url()} shows:\n${shown.slice(0, 3000)}`;
}

async function carryOut({ do: name, page: id, ...rest }) {
  if (name === 'version') return (await launching).version();
  if (name === 'open') return open(rest);
  if (name === 'close') return close(id);
  const state = pages.get(id);
  if (!state) throw new Error(`page ${id} is closed`);
  if (!Object.hasOwn(actions, name)) throw new Error(`there is no command ${name}`);
  try {
    return await actions[name](state, rest);
  } catch (error) {
    throw new Error(await explain(error, state));
  }
}

const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

let ending = false;

async function end(code) {
  if (ending) return;
  ending = true;
  // Whoever started this is gone, or Chromium is. It may take a moment, and not for ever.
  setTimeout(() => process.exit(1), 5000).unref();
  await launching.then((browser) => browser.close()).catch(() => {});
  // The last of Chromium's processes may still be writing.
  await rm(folder, { recursive: true, force: true, maxRetries: 8 }).catch(() => {});
  process.exit(code);
}

process.stdout.on('error', () => end(1));
readline
  .createInterface({ input: process.stdin })
  .on('close', () => end(0))
  .on('line', async (line) => {
    const command = JSON.parse(line);
    try {
      answer({ id: command.id, ok: true, value: (await carryOut(command)) ?? null });
    } catch (error) {
      answer({ id: command.id, ok: false, error: String(error.message) });
    }
  });
launching
  .then((browser) => browser.on('disconnected', () => end(1)))
  .catch(() => {});
