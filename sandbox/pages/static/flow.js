// A Flow's form, made from its JSON: https://developers.facebook.com/docs/whatsapp/flows/reference
// Screens come one after the other; what the last one completes with is the answer.
import { make } from "./dom.js";

/** The form of a flow message; `send(answer)` is called once, with what was filled in. */
export async function formOf(item, send) {
  const { flow_action_payload: opening = {}, flow_json: definition } =
    item.payload.interactive.action.parameters;
  if (!definition) return asJson(send);
  return new Filling(definition, opening, send).element;
}

// A form that this sandbox was never given: the answer can still be played.
function asJson(send) {
  const field = make("textarea", { rows: 5, value: "{}", required: true });
  const form = make("form", { className: "flow" },
    make("label", { className: "field" }, "The form's answers, as JSON", field),
    make("button", { className: "main", textContent: "Send" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      send(JSON.parse(field.value));
    } catch {
      field.setCustomValidity('JSON, please, such as {"monday": true}.');
      field.reportValidity();
      field.setCustomValidity("");
    }
  });
  return form;
}

class Filling {
  constructor(definition, opening, send) {
    this.screens = definition.screens;
    this.send = send;
    this.answers = {};
    this.element = make("form", { className: "flow" });
    this.element.addEventListener("submit", (event) => this.submitted(event));
    this.show(opening.screen, opening.data);
  }

  show(id, data = {}) {
    this.screen = this.screens.find((screen) => screen.id === id) || this.screens[0];
    const examples = Object.entries(this.screen.data || {}).map(([k, v]) => [k, v.__example__]);
    this.data = { ...Object.fromEntries(examples), ...data };
    this.element.replaceChildren(
      this.screen.title ? make("h5", { textContent: this.screen.title }) : "",
      ...this.parts(this.screen.layout.children));
    this.element.querySelector("input, select, textarea")?.focus();
  }

  parts(children) {
    return children.flatMap((part) => {
      if (part.visible === false || this.value(part.visible ?? true) === false) return [];
      if (part.type === "Form") return this.parts(part.children);
      if (part.type === "If") return this.parts(this.value(part.condition) ? part.then : part.else || []);
      return [this.part(part)];
    }).filter(Boolean);
  }

  part(part) {
    const label = this.value(part.label) || "";
    if (part.type.startsWith("Text") && "text" in part) {
      const text = [this.value(part.text)].flat().join("\n");
      return make("p", { className: part.type === "TextCaption" ? "quiet" : "", textContent: text });
    }
    if (part.type === "Footer") {
      this.action = part["on-click-action"];
      return make("button", { className: "main", textContent: label });
    }
    const options = this.value(part["data-source"]) || [];
    if (["CheckboxGroup", "ChipsSelector"].includes(part.type)) {
      return this.group(part, label, options, "checkbox");
    }
    if (part.type === "RadioButtonsGroup") return this.group(part, label, options, "radio");
    const field = this.field(part, options);
    if (!field) return null;
    field.name = part.name;
    field.required = Boolean(this.value(part.required));
    const initial = this.value(part["init-value"]);
    if (part.type === "OptIn") field.checked = Boolean(initial);
    else if (initial !== undefined) field.value = initial;
    return part.type === "OptIn"
      ? make("label", { className: "option" }, field, label)
      : make("label", { className: "field" }, label, field,
        part["helper-text"] ? make("small", { textContent: this.value(part["helper-text"]) }) : null);
  }

  field(part, options) {
    if (part.type === "Dropdown") {
      const none = part.required ? [] : [make("option", { value: "", textContent: "—" })];
      return make("select", {}, ...none, ...options.map((option) => make("option",
        { value: option.id, textContent: option.title })));
    }
    if (part.type === "TextArea") return make("textarea", { rows: 3, maxLength: 600 });
    if (part.type === "OptIn") return make("input", { type: "checkbox" });
    if (part.type === "DatePicker") return make("input", { type: "date" });
    const type = { number: "number", email: "email", phone: "tel" }[part["input-type"]] || "text";
    return part.type === "TextInput" ? make("input", { type }) : null;
  }

  group(part, label, options, type) {
    const chosen = [this.value(part["init-value"]) ?? []].flat();
    return make("fieldset", { "data-name": part.name, "data-type": type,
      "data-required": String(Boolean(this.value(part.required))) },
    make("legend", { textContent: label }),
    ...options.map((option) => make("label", { className: "option" }, make("input", {
      type, name: part.name, value: option.id, checked: chosen.includes(option.id),
    }), option.title)));
  }

  /** `${data.x}` and `${form.x}` stand for what the screen was given, and what is filled in. */
  value(given) {
    const named = typeof given === "string" && /^\$\{(data|form)\.(\w+)\}$/.exec(given);
    return named ? (named[1] === "data" ? this.data : this.answers)[named[2]] : given;
  }

  submitted(event) {
    event.preventDefault();
    const missing = this.gather();
    if (missing) {
      missing.setCustomValidity("Choose at least one.");
      missing.reportValidity();
      missing.setCustomValidity("");
      return;
    }
    const { name, next, payload = {} } = this.action;
    const filled = Object.fromEntries(
      Object.entries(payload).map(([key, given]) => [key, this.value(given)]));
    if (name === "navigate") this.show(next.name, filled);
    else this.send(filled);
  }

  gather() {
    let missing = null;
    for (const field of this.element.querySelectorAll("label > [name]:not([type=radio])")) {
      if (field.closest("fieldset")) continue;
      this.answers[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    for (const group of this.element.querySelectorAll("fieldset")) {
      const all = [...group.querySelectorAll("input:checked")].map((input) => input.value);
      this.answers[group.dataset.name] = group.dataset.type === "radio" ? all[0] ?? "" : all;
      if (group.dataset.required === "true" && !all.length) missing ||= group.querySelector("input");
    }
    return missing;
  }
}
