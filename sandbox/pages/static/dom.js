// Making elements. Text is set as text: nothing that came from a person is ever read as markup.

/** An element; what it has no property for (`aria-label`, `role`) becomes an attribute. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button that submits nothing. */
export function button(label, onclick, properties = {}) {
  return make("button", { type: "button", onclick, ...properties }, label);
}

/** Text for screen readers only. */
export function aloud(text) {
  return make("span", { className: "hidden", textContent: text });
}
