// Asking the server. Every failure is an Error whose message is a sentence for the person.

import { say } from "./texts.js";

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(15_000) });
  } catch {
    throw new Error(say("unreachable"));
  }
  if (response.status === 401) location.assign("/sign-in");
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? say("failed"));
  return answer;
}

function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

const at = (channel, what) => `/api/channels/${encodeURIComponent(channel)}/${what}`;

export const channels = async () => (await ask("/api/channels")).channels;
export const createChannel = (title) => post("/api/channels", { title });
export const send = (channel, id, text) => post(at(channel, "messages"), { id, text });
export const stop = async (channel) => (await post(at(channel, "stop"), {})).stopping;
export const model = async (channel) => (await ask(at(channel, "model"))).label;
export const commands = async () => (await ask("/api/commands")).commands;
export const complete = async (channel, command, text) =>
  (await ask(at(channel, `complete?${new URLSearchParams({ command, text })}`))).choices;

// The id of a message: the same when sending it is tried again, so that it arrives once.
// Not randomUUID, which browsers offer on https and on this machine only.
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

// Follows a channel until it is closed. A page nobody looks at lets go after a while: a browser holds no more than
// six connections to one server, and a seventh tab would hang.
const HIDDEN_MS = 5_000;
const LONGEST_RETRY_MS = 10_000;

export class Stream {
  #source = null;
  #after = "";
  #wait = 500;
  #timer = 0;
  #closed = false;

  // on: {reset(), message(message), ready(), lost()}
  constructor(channel, on) {
    this.channel = channel;
    this.on = on;
    this.#open();
    document.addEventListener("visibilitychange", this.#looked);
  }

  close() {
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#looked);
    this.#leave();
  }

  #looked = () => {
    clearTimeout(this.#timer);
    if (document.hidden) this.#timer = setTimeout(() => this.#leave(), HIDDEN_MS);
    else if (this.#source === null) this.#open();
  };

  #leave() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    this.#leave();
    const source = new EventSource(`${at(this.channel, "events")}?after=${this.#after}`);
    this.#source = source;
    const hear = (name, then) =>
      source.addEventListener(name, (event) => {
        if (event.lastEventId) this.#after = event.lastEventId;
        then(event);
      });
    hear("reset", () => this.on.reset());
    hear("message", (event) => this.on.message(JSON.parse(event.data)));
    hear("ready", () => {
      this.#wait = 500;
      this.on.ready();
    });
    source.onerror = () => {
      this.on.lost();
      // After an answer that is no stream the browser gives up; this page does not.
      if (source.readyState === EventSource.CLOSED) this.#again();
    };
  }

  #again() {
    this.#leave();
    this.#wait = Math.min(this.#wait * 2, LONGEST_RETRY_MS);
    this.#timer = setTimeout(async () => {
      // Asked first: it leads to the sign-in when the session is over, which an EventSource cannot tell.
      await channels().catch(() => null);
      if (!this.#closed) this.#open();
    }, this.#wait);
  }
}
