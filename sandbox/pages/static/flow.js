// The form of a Flow, as its message opens it: every text and choice is filled in by the sandbox.
// Source: https://developers.facebook.com/docs/whatsapp/flows/reference/components
import { make } from "./dom.js";

/** A form of `fields`; `send(answer)` is called with what was filled in. */
export function formOf({ title, fields }, send) {
  const form = make("form", { className: "flow" },
    title ? make("h5", { textContent: title }) : null, ...fields.map(part).filter(Boolean));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const missing = unchosen(form);
    if (missing) complain(missing);
    else send(answerOf(fields, filledIn(form)));
  });
  return form;
}

function part(field) {
  const label = field.label || "";
  const options = field["data-source"] || [];
  switch (field.type) {
    case "TextHeading": case "TextSubheading":
      return make("h5", { textContent: field.text });
    case "TextBody": case "TextCaption":
      return make("p", { className: field.type === "TextCaption" ? "quiet" : "",
        textContent: [field.text].flat().join("\n") });
    case "CheckboxGroup": case "ChipsSelector": return group(field, options, "checkbox");
    case "RadioButtonsGroup": return group(field, options, "radio");
    case "OptIn":
      return make("label", { className: "option" }, named(field, make("input",
        { type: "checkbox" })), label);
    case "Footer": return make("button", { className: "main", textContent: label });
  }
  const control = controlOf(field, options);
  return control && make("label", { className: "field" }, label, named(field, control));
}

function controlOf(field, options) {
  switch (field.type) {
    case "Dropdown":
      return make("select", {}, make("option", { value: "", textContent: "—" }),
        ...options.map(({ id, title }) => make("option", { value: id, textContent: title })));
    case "TextArea": return make("textarea", { rows: 3, maxLength: 600 });
    case "DatePicker": return make("input", { type: "date" });
    case "TextInput":
      return make("input", { type: { number: "number", email: "email", phone: "tel" }[
        field["input-type"]] || "text" });
    default: return null;
  }
}

function named(field, control) {
  control.name = field.name;
  control.required = field.required === true;
  return control;
}

function group(field, options, type) {
  return make("fieldset", { "data-required": String(field.required === true) },
    make("legend", { textContent: field.label }),
    ...options.map(({ id, title }) => make("label", { className: "option" },
      make("input", { type, name: field.name, value: id }), title)));
}

function unchosen(form) {
  return form.querySelector(
    "fieldset[data-required=true]:not(:has(:checked)) input");
}

function complain(field) {
  field.setCustomValidity("Choose at least one.");
  field.reportValidity();
  field.setCustomValidity("");
}

function filledIn(form) {
  const filled = {};
  for (const field of form.querySelectorAll("[name]")) {
    const { name, type, value, checked } = field;
    if (type === "checkbox" && field.closest("fieldset")) {
      filled[name] ||= [];
      if (checked) filled[name].push(value);
    } else if (type === "checkbox") filled[name] = checked;
    else if (type !== "radio" || checked) filled[name] = value;
  }
  return filled;
}

/** What the form's last button says that the business gets: `${form.name}` is what was filled in. */
function answerOf(fields, filled) {
  const { payload } = fields.find((field) => field.type === "Footer")?.["on-click-action"] || {};
  if (!payload) return filled;
  return Object.fromEntries(Object.entries(payload).map(([key, given]) => {
    const name = /^\$\{form\.(\w+)\}$/.exec(given)?.[1];
    return [key, name ? filled[name] ?? "" : given];
  }));
}
