// The conversation: each question with its answer below it, redrawn where something changed.

import { say, when } from "./texts.js";

const NEAR_BOTTOM_PX = 60;
const STILL_AWAITED_MS = 15 * 60_000;

const byId = (id) => document.getElementById(id);

export class Log {
  #log = byId("log");
  #list = byId("messages");
  #waiting = byId("waiting");
  #welcome = byId("welcome");
  #latest = byId("latest");
  #shown = new Map();
  #changed = new Map();
  #drawing = 0;
  #stuck = true;

  // changed(busy) is called when a reply began or ended; done(message) for each reply that ended while looking.
  constructor({ changed, done }) {
    this.onChanged = changed;
    this.onDone = done;
    this.live = false;
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#latest.addEventListener("click", () => this.stick());
    new ResizeObserver(() => this.#stuck && this.#toBottom()).observe(this.#log);
  }

  clear() {
    this.#shown.clear();
    this.#changed.clear();
    this.#list.replaceChildren();
    this.#waiting.hidden = this.#welcome.hidden = true;
    this.live = false;
    this.#log.setAttribute("aria-busy", "true");
    this.#stuck = true;
    this.#scrolled();
  }

  // All that was said so far has come.
  ready() {
    this.#draw();
    this.live = true;
    this.#log.removeAttribute("aria-busy");
    this.#settle();
  }

  show(message) {
    this.#changed.set(message.id, message);
    // Several changes within one frame are drawn once. Not requestAnimationFrame: it sleeps in a covered window.
    this.#drawing ||= setTimeout(() => this.#draw(), 16);
  }

  stick() {
    this.#stuck = true;
    this.#toBottom();
  }

  #draw() {
    clearTimeout(this.#drawing);
    this.#drawing = 0;
    for (const message of this.#changed.values()) this.#put(message);
    this.#changed.clear();
    this.#settle();
  }

  #put(message) {
    const before = this.#shown.get(message.id);
    if (message.state === "withdrawn") {
      before?.element.remove();
      this.#shown.delete(message.id);
      return;
    }
    const element = before?.element ?? this.#place(build(message), message);
    element.dataset.state = message.state;
    element.toggleAttribute("aria-busy", message.state === "writing");
    const body = element.querySelector(".body");
    if (message.role === "user") {
      body.innerHTML = message.html;
      element.querySelector(".unseen").textContent = say(message.state === "waiting" ? "youWaiting" : "you");
    } else redraw(body, message.html);
    fold(element, message.folded);
    this.#shown.set(message.id, { ...message, element });
    if (message.role === "user" && this.live && !before) this.#stuck = true;
    if (message.role === "bot" && message.state === "done" && before?.state !== "done" && this.live) this.onDone(message);
  }

  // By the time of the question, then by its own: an answer stands below its question, also when others were asked
  // before it began. What began earlier may come later, after a reconnect.
  #place(element, message) {
    const question = [...this.#shown.values()].find((each) => each.turn === message.turn && each.role === "user");
    element.place = [...(question ?? message).since, ...(message.role === "user" ? [0, 0] : message.since)];
    element.querySelector(".tools")?.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) copy(button, this.#shown.get(message.id).text);
    });
    let next = null;
    for (let each = this.#list.lastElementChild; each; each = each.previousElementSibling) {
      if (compare(each.place, element.place) < 0) break;
      next = each;
    }
    this.#list.insertBefore(element, next);
    return element;
  }

  #settle() {
    const messages = [...this.#shown.values()];
    const answered = new Set(messages.filter((each) => each.role === "bot").map((each) => each.turn));
    const awaited = messages.some(
      (each) =>
        each.role === "user" &&
        !answered.has(each.turn) &&
        Date.now() - each.since[0] < STILL_AWAITED_MS,
    );
    this.#waiting.hidden = !awaited;
    this.#welcome.hidden = !this.live || messages.length > 0;
    this.onChanged(awaited || messages.some((each) => each.state === "writing"));
    if (this.#stuck) this.#toBottom();
    this.#scrolled();
  }

  #toBottom() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#latest.hidden = true;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    this.#latest.hidden = this.#stuck;
  }
}

function compare(one, other) {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : one[at] - other[at];
}

function element(tag, classes, text = "") {
  const made = document.createElement(tag);
  made.className = classes;
  made.textContent = text;
  return made;
}

function build(message) {
  const article = element("article", `message ${message.role}`);
  article.append(element("p", "unseen", say(message.role === "user" ? "you" : "answer")));
  article.append(element("div", "body"));
  const tools = element("footer", "tools");
  const time = element("time", "", when(message.since[0]));
  time.dateTime = new Date(message.since[0]).toISOString();
  tools.append(time);
  if (message.role === "bot") tools.append(copyButton("copyAnswer"));
  article.append(tools);
  return article;
}

// Replaces the blocks from the first one that changed: what stands keeps its selection and its scroll position.
function redraw(body, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const blocks = [...template.content.children];
  const sources = blocks.map((block) => block.outerHTML);
  const before = body.sources ?? [];
  let same = 0;
  while (same < sources.length && sources[same] === before[same]) same += 1;
  while (body.childElementCount > same) body.lastElementChild.remove();
  for (const block of blocks.slice(same)) body.append(dressed(block));
  body.sources = sources;
}

// One element in, one element out: redraw counts on it.
function dressed(block) {
  const frame = element("div", "block");
  frame.append(block);
  for (const table of frame.querySelectorAll("table")) {
    const scroller = element("div", "table");
    table.replaceWith(scroller);
    scroller.append(table);
  }
  for (const pre of frame.querySelectorAll("pre")) {
    const code = element("div", "code");
    const bar = element("div", "bar");
    bar.append(element("span", "", pre.dataset.language ?? ""), copyButton("copyCode"));
    bar.lastElementChild.addEventListener("click", (event) => copy(event.currentTarget, pre.textContent));
    pre.replaceWith(code);
    pre.tabIndex = 0;
    code.append(bar, pre);
  }
  return frame;
}

// What the model thought stands above its answer, closed until somebody opens it.
function fold(article, folded) {
  const before = article.querySelector(".folded");
  if (before?.source === folded?.html) return;
  before?.remove();
  if (!folded) return;
  const details = element("details", "folded");
  const body = element("div", "thoughts");
  redraw(body, folded.html);
  details.append(element("summary", "", folded.summary), body);
  details.source = folded.html;
  article.querySelector(".body").before(details);
}

function copyButton(label) {
  const button = element("button", "copy quiet", say("copy"));
  button.type = "button";
  button.setAttribute("aria-label", say(label));
  return button;
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyOldWay(text);
  }
  button.textContent = say("copied");
  setTimeout(() => (button.textContent = say("copy")), 1500);
}

// Browsers offer the clipboard on https and on this machine only; with WEB_TOKEN the page may be elsewhere.
function copyOldWay(text) {
  const carrier = element("textarea", "unseen");
  carrier.value = text;
  document.body.append(carrier);
  const focused = document.activeElement;
  carrier.select();
  document.execCommand("copy");
  carrier.remove();
  focused?.focus();
}
