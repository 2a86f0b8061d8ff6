// The sheet that slides up in a phone: a list, an attachment, a form. While it is open the rest of
// that phone waits; the other phones do not. Escape closes it, and the focus goes back.
import { button, make } from "./dom.js";

const FOCUSABLE = "input:not([type=hidden]), select, textarea, button";

export class Sheet {
  constructor(screen) {
    this.screen = screen;
    this.element = screen.querySelector(".sheet");
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Show `content` under a title; the focus goes to the first thing that can be used. */
  open(title, ...content) {
    this.opener = document.activeElement;
    const head = make("header", { className: "sheet-head" }, make("h4", { textContent: title }),
      button("✕", () => this.close(), { className: "icon", "aria-label": "Close" }));
    const body = make("div", { className: "sheet-body" }, ...content);
    this.element.replaceChildren(head, body);
    this.element.setAttribute("aria-label", title);
    this.element.hidden = false;
    this.others((other) => { other.inert = true; });
    (body.querySelector(FOCUSABLE) || head.querySelector("button")).focus();
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.others((other) => { other.inert = false; });
    this.opener?.focus();
  }

  others(act) {
    for (const other of this.screen.children) if (other !== this.element) act(other);
  }
}
