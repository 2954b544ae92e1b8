// The list of channels, the same in all tabs, and on a narrow screen the drawer it lies in.

import * as api from "./api.js";

const byId = (id) => document.getElementById(id);

export class Sidebar {
  #list = byId("channels");
  #naming = byId("naming");
  #title = byId("channel-title");
  #new = byId("new-channel");
  #menu = byId("menu");
  #tabs = new BroadcastChannel("drun-chat channels");
  #channels = [];
  #current = "";

  // changed(): the list is another; failed(sentence).
  constructor({ changed, failed }) {
    this.onChanged = changed;
    this.onFailed = failed;
    this.#tabs.addEventListener("message", () => this.refresh());
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    this.#new.addEventListener("click", () => this.#name(this.#naming.hidden));
    this.#naming.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#create();
    });
    this.#title.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#name(false);
      this.#new.focus();
    });
    this.#menu.addEventListener("click", () => this.#drawer(!document.body.classList.contains("drawer")));
    byId("veil").addEventListener("click", () => this.#drawer(false));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#drawer(false));
  }

  async refresh() {
    try {
      this.#channels = await api.channels();
      this.#draw();
      this.onChanged();
    } catch (error) {
      this.onFailed(error.message);
    }
  }

  has(id) {
    return this.#channels.some((channel) => channel.id === id);
  }

  titleOf(id) {
    return this.#channels.find((channel) => channel.id === id)?.title ?? id;
  }

  set current(id) {
    this.#current = id;
    this.#draw();
    this.#drawer(false);
  }

  #draw() {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.#list.replaceChildren(...this.#channels.map((channel) => this.#item(channel)));
    this.#list.querySelector(`[data-id="${CSS.escape(focused ?? "")}"]`)?.focus();
  }

  #item({ id, title }) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = id;
    button.textContent = title;
    button.title = title;
    if (id === this.#current) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => (location.hash = id));
    item.append(button);
    return item;
  }

  #name(open) {
    this.#naming.hidden = !open;
    this.#new.setAttribute("aria-expanded", String(open));
    this.#title.value = "";
    if (open) this.#title.focus();
  }

  async #create() {
    const title = this.#title.value.trim();
    if (!title || this.#title.readOnly) return;
    this.#title.readOnly = true;
    try {
      const channel = await api.createChannel(title);
      this.#tabs.postMessage("");
      this.#name(false);
      await this.refresh();
      location.hash = channel.id;
    } catch (error) {
      this.onFailed(error.message);
    } finally {
      this.#title.readOnly = false;
    }
  }

  #drawer(open) {
    document.body.classList.toggle("drawer", open);
    byId("veil").hidden = !open;
    this.#menu.setAttribute("aria-expanded", String(open));
  }
}
