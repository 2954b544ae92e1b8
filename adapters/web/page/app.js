// Puts the page together: one channel is open at a time, named by the address's #fragment.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { Log } from "./log.js";
import { Sidebar } from "./sidebar.js";
import { say, suggestions, translate } from "./texts.js";

const GENERAL = "general";
const byId = (id) => document.getElementById(id);

let channel = "";
let stream = null;
let lost = false;
let problem = "";

translate(document);

const log = new Log({
  changed: (busy) => (composer.busy = busy),
  // Only commands change the model, but everybody's: also one typed in another tab.
  done: showModel,
});
const composer = new Composer({
  sent: () => {
    complain("");
    log.stick();
  },
  stop,
  failed: complain,
});
const sidebar = new Sidebar({
  changed: () => {
    showTitle();
    if (channel) openNamed();
  },
  failed: complain,
});

// One line for both: what a person did and that failed comes before the state of the connection.
function complain(sentence) {
  problem = sentence;
  const notice = byId("notice");
  notice.textContent = problem || (lost ? say("reconnecting") : "");
  notice.className = problem ? "problem" : "";
}

async function stop() {
  try {
    complain((await api.stop(channel)) ? "" : say("notYet"));
  } catch (error) {
    complain(error.message);
  }
}

async function showModel() {
  const asked = channel;
  const label = await api.model(asked).catch(() => null);
  if (asked !== channel || label === null) return;
  const model = byId("model");
  model.textContent = label;
  model.hidden = false;
  model.classList.toggle("demo", label.includes("demo model"));
}

function showTitle() {
  const title = sidebar.titleOf(channel);
  byId("title").textContent = title;
  document.title = `${title} · d.run chat`;
}

function open(id) {
  if (id === channel) return;
  stream?.close();
  channel = id;
  complain("");
  sidebar.current = id;
  showTitle();
  composer.open(id, say("writeTo", { title: sidebar.titleOf(id) }));
  composer.focus();
  log.clear();
  showModel();
  stream = new api.Stream(id, {
    reset: () => log.clear(),
    message: (message) => log.show(message),
    ready: () => {
      const back = lost;
      lost = false;
      complain(back ? "" : problem);
      log.ready();
      if (back) {
        sidebar.refresh();
        showModel();
      }
    },
    lost: () => {
      lost = true;
      complain(problem);
    },
  });
}

// A channel that is not known yet may be after the next refresh: the address keeps naming it.
function openNamed() {
  const named = location.hash.slice(1);
  open(sidebar.has(named) ? named : GENERAL);
}

byId("model").addEventListener("click", () => composer.write("/model "));
byId("suggestions").append(
  ...suggestions.map((text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text.trim();
    button.addEventListener("click", () => composer.write(text));
    return button;
  }),
);
addEventListener("hashchange", openNamed);

await sidebar.refresh();
openNamed();
