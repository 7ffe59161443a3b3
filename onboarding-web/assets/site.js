// Makes pages quicker to use; every one of them works without it.
// Copy buttons, live blocks, keys for staff, passwords shown, load balancers read while typing.
"use strict";
(() => {
  const root = document.documentElement;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const parse = (html) => new DOMParser().parseFromString(`<body>${html}`, "text/html").body;

  // ---- What is said aloud, politely ----
  const voice = document.createElement("div");
  voice.className = "visually-hidden";
  voice.setAttribute("role", "status");
  (find("main") ?? document.body).append(voice);
  const say = (words) => {
    voice.textContent = "";
    setTimeout(() => { voice.textContent = words; }, 60);
  };

  // ---- Copy ----
  const select = (element) => {
    if (element.select) return element.select();
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };

  /** Whether the text is on the clipboard; without HTTPS only the old command may put it there. */
  const copyText = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      const before = document.activeElement;
      area.value = text;
      area.className = "visually-hidden";
      (find("dialog[open]") ?? document.body).append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      before?.focus({ preventScroll: true });
      return done;
    }
  };

  const copyFrom = async (button) => {
    const source = find(button.dataset.copy);
    if (!source) return;
    const done = await copyText(source.value ?? source.textContent);
    if (!done) select(source);
    const label = button.firstChild;
    button.dataset.label ??= label.data;
    label.data = done ? "Copied" : "Selected";
    button.classList.toggle("done", done);
    say(done ? "Copied" : "Not copied. The text is selected: press Control and C, or Command and C.");
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      label.data = button.dataset.label;
      button.classList.remove("done");
    }, 2500);
  };

  // ---- Passwords ----
  const showPassword = (button) => {
    const input = find(button.dataset.showPassword);
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.textContent = shown ? "Show" : "Hide";
    button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/^\w+/, button.textContent));
    say(shown ? "Password hidden" : "Password shown");
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-show-password]");
    if (button) button.dataset.copy ? copyFrom(button) : showPassword(button);
  });
  // A password goes out as a password, or browsers would keep it among things typed.
  document.addEventListener("submit", (event) => {
    for (const button of all("[data-show-password]", event.target)) find(button.dataset.showPassword).type = "password";
  });

  // ---- Live blocks ----
  /** Changes only what differs, so that focus, selection and opened details stay. */
  const morph = (from, to) => {
    if (from.nodeName !== to.nodeName || (from.id ?? "") !== (to.id ?? "")) return from.replaceWith(to);
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.data !== to.data) from.data = to.data;
      return;
    }
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    morphChildren(from, to);
  };
  const morphChildren = (from, to) => {
    const old = [...from.childNodes];
    const next = [...to.childNodes];
    for (const node of old.slice(next.length)) node.remove();
    next.forEach((node, at) => (old[at] ? morph(old[at], node) : from.append(node)));
  };

  /** Brings the other parts of the page up to date that tell of the same. */
  const freshen = async () => {
    if (!find("[data-fresh]")) return;
    try {
      const answer = await fetch(location.href, { redirect: "manual" });
      if (!answer.ok) return;
      const page = parse(await answer.text());
      for (const part of all("[data-fresh]")) {
        const now = find(`#${part.id}`, page);
        if (now) morph(part, now);
      }
    } catch { /* They are up to date with the next change. */ }
  };

  const live = (block) => {
    const { live: events, poll } = block.dataset;
    let source, timer, last, failures = 0, polls = 0;
    const over = () => block.matches("[data-final]") || find("[data-final]", block);
    const state = (words) => {
      for (const place of all("[data-live-state]", block.parentElement)) place.textContent = words;
    };
    const news = () => all("[data-announce]", block).map((element) => element.textContent.trim());
    const stop = (words) => {
      source?.close();
      clearTimeout(timer);
      state(words);
    };
    const show = (html) => {
      if (html === last) return;
      last = html;
      const before = news();
      morphChildren(block, parse(html));
      const changed = news().filter((words) => !before.includes(words));
      if (changed.length) {
        say(changed.join(". "));
        freshen();
      }
      if (over()) stop("");
    };
    const check = async () => {
      if (!document.hidden) {
        try {
          const answer = await fetch(poll, { headers: { Accept: "text/html" }, redirect: "manual" });
          // Expired, revoked or signed out (which leads elsewhere): asking again changes nothing.
          if (answer.type === "opaqueredirect" || [401, 403, 404, 410].includes(answer.status)) return stop("Not updated any more. Reload the page.");
          if (!answer.ok) throw answer.status;
          show(await answer.text());
          failures = 0;
          polls += 1;
        } catch {
          failures += 1;
        }
      }
      if (over()) return;
      const seconds = Math.min(60, Math.round(5 * 1.6 ** failures));
      state(`Checking every ${seconds} seconds`);
      // Now and then the lasting connection is tried again.
      timer = setTimeout(polls && polls % 6 === 0 && !failures ? listen : check, seconds * 1000);
    };
    const listen = () => {
      if (!window.EventSource || !events) return check();
      polls += 1;
      source = new EventSource(events);
      source.onopen = () => state("Live");
      source.onmessage = (event) => {
        state("Live");
        show(event.data);
      };
      source.onerror = () => {
        source.close();
        state("Checking every 5 seconds");
        check();
      };
    };
    if (!over()) listen();
  };
  all("[data-live]").forEach(live);

  // ---- Load balancers read while they are typed ----
  for (const area of all("[data-lb-preview]")) {
    const target = find(area.dataset.lbTarget);
    let timer, asked = 0;
    const read = async () => {
      const query = new URLSearchParams({
        load_balancers: area.value,
        account: area.form?.elements.account?.value ?? "",
      });
      // Longer ones do not fit into an address; the form itself takes them.
      if (!target || String(query).length > 7000) return;
      const mine = ++asked;
      try {
        const answer = await fetch(`${area.dataset.lbPreview}?${query}`, { redirect: "error" });
        if (answer.ok && mine === asked) {
          target.replaceChildren(...parse(await answer.text()).childNodes);
        }
      } catch { /* The form checks again when it is sent. */ }
    };
    area.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(read, 400);
    });
    if (area.value.trim()) read();
  }

  // ---- Keys for staff ----
  const rows = () => all("[data-row]");
  const current = () => rows().findIndex((row) => row.contains(document.activeElement));
  const move = (by) => {
    const list = rows();
    const at = current();
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : at + by];
    if (next) find("a", next)?.focus();
  };
  const help = () => {
    const dialog = find("#keys") ?? document.createElement("dialog");
    if (!dialog.id) {
      const keys = { "/": "Search", n: "Add a customer", j: "Next row", k: "Row before", Enter: "Open the row", c: "Copy the row's link", "?": "This list" };
      dialog.id = "keys";
      dialog.setAttribute("aria-labelledby", "keys-title");
      const lines = Object.entries(keys).map(([key, does]) => `<div><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`);
      dialog.innerHTML = `<h2 id="keys-title">Keys</h2><dl class="summary-list">${lines.join("")}</dl><p class="hint">Keys can be turned off under Settings.</p><form method="dialog"><button class="button secondary">Close</button></form>`;
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
  };
  const keys = {
    "/": () => find("[data-search]")?.focus(),
    "?": help,
    n: () => find("[data-new]")?.click(),
    j: () => move(1),
    k: () => move(-1),
    c: async () => {
      const row = rows()[current()];
      if (!row?.dataset.row) return;
      const done = await copyText(row.dataset.row);
      say(done ? "Link copied" : "Not copied");
      row.classList.toggle("copied", done);
      setTimeout(() => row.classList.remove("copied"), 2500);
    },
  };
  if (root.dataset.shortcuts === "on") {
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  // ---- Errors of a form are read first ----
  find(".error-summary")?.focus();
})();
