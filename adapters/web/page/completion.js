// What may follow "/": commands, and behind each of them its arguments, one after the other.

import * as api from "./api.js";

const MOST = 8;

export class Completion {
  #list = document.getElementById("choices");
  #box;
  #where;
  #choices = [];
  #active = -1;
  #asked = 0;
  #commands = null;

  // where(): the channel that is open.
  constructor(box, where) {
    this.#box = box;
    this.#where = where;
    box.addEventListener("input", () => this.look());
    box.addEventListener("blur", () => this.close());
    // Before the box loses its focus, or the list would be gone before the click.
    this.#list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const chosen = event.target.closest("[role=option]");
      if (chosen) this.#take([...this.#list.children].indexOf(chosen));
    });
  }

  // Shows what fits the text in the box. Answers that come late are dropped.
  async look() {
    const text = this.#box.value;
    const asked = ++this.#asked;
    const choices = /^[/／]/.test(text) ? await this.#fitting(text).catch(() => []) : [];
    if (asked !== this.#asked) return;
    this.#offer(choices.filter((each) => each.text.trimEnd() !== text).slice(0, MOST));
  }

  close() {
    this.#asked += 1;
    this.#offer([]);
  }

  // True when the key was meant for the list.
  pressed(event) {
    if (this.#list.hidden) return false;
    const last = this.#choices.length - 1;
    if (event.key === "ArrowDown") this.#activate(this.#active === last ? 0 : this.#active + 1);
    else if (event.key === "ArrowUp") this.#activate(this.#active <= 0 ? last : this.#active - 1);
    else if (event.key === "Tab" && !event.shiftKey) this.#take(Math.max(0, this.#active));
    else if (event.key === "Enter" && !event.shiftKey && this.#active >= 0) this.#take(this.#active);
    else if (event.key === "Escape") this.close();
    else return false;
    return true;
  }

  async #fitting(text) {
    this.#commands ??= await api.commands();
    const [, name, space, rest] = /^[/／]([a-z]*)(\s+)?([\s\S]*)$/.exec(text) ?? [];
    if (name === undefined) return [];
    if (space === undefined) {
      return this.#commands
        .filter((each) => each.name.startsWith(name))
        .map((each) => ({ text: `/${each.name}${each.arguments ? " " : ""}`, label: `/${each.name}`, about: each.summary }));
    }
    const command = this.#commands.find((each) => each.name === name);
    const behind = rest.split(/\s+/).length;
    if (!command || behind > command.arguments) return [];
    // The space that asks for the next argument, while there is one.
    const after = behind < command.arguments ? " " : "";
    return (await api.complete(this.#where(), name, rest)).map((line) => ({
      text: `/${name} ${line}${after}`,
      label: line.slice(line.lastIndexOf(" ") + 1),
      about: "",
    }));
  }

  #offer(choices) {
    this.#choices = choices;
    this.#list.replaceChildren(...choices.map((choice, index) => this.#option(choice, index)));
    this.#list.hidden = choices.length === 0;
    this.#box.setAttribute("aria-expanded", String(choices.length > 0));
    this.#activate(-1);
  }

  #option({ label, about }, index) {
    const option = document.createElement("li");
    option.id = `choice-${index}`;
    option.role = "option";
    const [name, summary] = [document.createElement("code"), document.createElement("span")];
    name.textContent = label;
    summary.textContent = about;
    option.append(name, summary);
    return option;
  }

  #activate(index) {
    this.#active = index;
    [...this.#list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (index >= 0) this.#box.setAttribute("aria-activedescendant", `choice-${index}`);
    else this.#box.removeAttribute("aria-activedescendant");
  }

  #take(index) {
    this.#box.value = this.#choices[index].text;
    this.close();
    // As if typed: the box grows, the draft is kept, and what comes next is offered.
    this.#box.dispatchEvent(new Event("input"));
  }
}
