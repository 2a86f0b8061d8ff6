// What a sheet can hold: the rows of a list, a place, and everything else there is to send.
import { make } from "./dom.js";
import { placesLike } from "./places.js";

function row(title, detail, act) {
  const small = detail ? make("small", { textContent: detail }) : null;
  return make("button", { type: "button", className: "row", onclick: act },
    make("span", { textContent: title }), small);
}

/** The rows of a list message, under the titles of their sections. */
export function rowsOf(sections, choose) {
  return sections.map((section) => make("div", { className: "rows" },
    section.title ? make("h5", { textContent: section.title }) : null,
    ...section.rows.map((given) => row(given.title, given.description, () => choose(given)))));
}

/** Choosing a place: by area, city or PIN code, or by the numbers of a point. */
export function placePicker(send) {
  const found = make("div", { className: "rows", role: "group", "aria-label": "Places" });
  const count = make("p", { className: "quiet", role: "status" });
  const search = make("input", { type: "search", autocomplete: "off", maxLength: 60,
    placeholder: "Bandra, Pune, 560038 …" });
  const show = () => {
    const places = placesLike(search.value);
    found.replaceChildren(...places.map((place) => row(
      `${place.area}, ${place.city}`, place.pin, () => send(place))));
    count.textContent = places.length ? "" : "No such place here: give the point below.";
  };
  search.addEventListener("input", show);
  // Enter takes the first that is left; the arrows walk through them.
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") found.querySelector("button")?.click();
    if (event.key === "ArrowDown") found.querySelector("button")?.focus();
    if (["Enter", "ArrowDown"].includes(event.key)) event.preventDefault();
  });
  found.addEventListener("keydown", walk);
  show();
  return [make("label", { className: "field" }, "City, area or PIN code", search), count, found,
    point(send)];
}

function walk(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const next = step && document.activeElement[step];
  if (!next) return;
  next.focus();
  event.preventDefault();
}

function point(send) {
  const number = (label, bound) => make("label", { className: "field" }, label, make("input", {
    type: "number", required: true, step: "any", min: -bound, max: bound, name: label }));
  const form = make("form", { className: "point" }, number("Latitude", 90),
    number("Longitude", 180), make("button", { textContent: "Send this point" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [latitude, longitude] = ["Latitude", "Longitude"].map((name) => form.elements[name]);
    send({ latitude: latitude.valueAsNumber, longitude: longitude.valueAsNumber });
  });
  return make("details", {}, make("summary", { textContent: "An exact point" }), form);
}

/** The things to attach or to do: [words, detail, act] each. */
export function choices(items) {
  return make("div", { className: "rows" }, ...items.map((item) => row(...item)));
}
