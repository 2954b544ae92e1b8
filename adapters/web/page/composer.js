// The box people write in. What they typed is only taken out of it once the server has it.

import * as api from "./api.js";
import { Completion } from "./completion.js";

const byId = (id) => document.getElementById(id);
const draftOf = (channel) => `draft:${channel}`;

export class Composer {
  #box = byId("message");
  #send = byId("send");
  #stop = byId("stop");
  #channel = "";
  #sending = false;
  #unsure = null;

  // sent(), stop(), and failed(sentence) are told.
  constructor({ sent, stop, failed }) {
    this.onSent = sent;
    this.onStop = stop;
    this.onFailed = failed;
    this.completion = new Completion(this.#box, () => this.#channel);
    this.#box.addEventListener("input", () => this.#changed());
    this.#box.addEventListener("keydown", (event) => this.#pressed(event));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#stop.addEventListener("click", () => {
      this.focus();
      this.onStop();
    });
  }

  focus() {
    this.#box.focus();
  }

  // Each channel keeps its own draft, over a reload as well.
  open(channel, hint) {
    this.#channel = channel;
    this.#box.placeholder = hint;
    this.#box.value = sessionStorage.getItem(draftOf(channel)) ?? "";
    this.#changed();
  }

  write(text) {
    this.#box.value = text;
    this.focus();
    this.#changed();
    this.completion.look();
  }

  set busy(busy) {
    if (!busy && document.activeElement === this.#stop) this.focus();
    this.#stop.hidden = !busy;
  }

  #changed() {
    const box = this.#box;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    this.#send.disabled = !box.value.trim();
    sessionStorage.setItem(draftOf(this.#channel), box.value);
  }

  #pressed(event) {
    // While an input method composes, Enter and Esc are its own (Safari only tells by the code 229).
    if (event.isComposing || event.keyCode === 229) return;
    if (this.completion.pressed(event)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && !this.#stop.hidden) {
      this.onStop();
    }
  }

  async #submit() {
    const text = this.#box.value;
    const channel = this.#channel;
    this.focus();
    if (this.#sending || !text.trim()) return;
    this.#sending = true;
    this.completion.close();
    // A message of which nobody knows whether it arrived is sent again under its own id.
    const again = this.#unsure?.text === text && this.#unsure.channel === channel;
    this.#unsure = { channel, text, id: again ? this.#unsure.id : api.newId() };
    try {
      await api.send(channel, this.#unsure.id, text);
      this.#unsure = null;
      this.#taken(channel, text);
      this.onSent();
    } catch (error) {
      this.onFailed(error.message);
    } finally {
      this.#sending = false;
    }
  }

  // What was typed on while the message was under way stays.
  #taken(channel, text) {
    if (channel !== this.#channel) {
      sessionStorage.removeItem(draftOf(channel));
    } else if (this.#box.value.startsWith(text)) {
      this.#box.value = this.#box.value.slice(text.length).trimStart();
      this.#changed();
    }
  }
}
