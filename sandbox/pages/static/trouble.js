// The chat's clock, and what goes wrong next.
import { call, oneAtATime, report, stripe, whatsapp } from "./calls.js";
import { make } from "./dom.js";

const notice = document.getElementById("trouble-notice");
const services = { whatsapp, stripe };

/** Make the clock's and the faults' forms work; `changed()` after the clock was moved. */
export async function playTrouble(changed) {
  document.getElementById("clock").addEventListener("submit", (event) => {
    event.preventDefault();
    const seconds = Number(document.getElementById("clock-seconds").value);
    report(notice, async () => {
      showClock(await call(whatsapp("clock"), { advance_seconds: seconds }));
      changed();
    });
  });
  document.getElementById("faults").addEventListener("submit", (event) => {
    event.preventDefault();
    const { kind, next } = event.target.elements;
    const [service, name] = kind.value.split(" ");
    report(notice, async () => {
      await call(services[service]("faults"), { kind: name, next: next.valueAsNumber });
      await showFaults();
    });
  });
  showClock(await call(whatsapp("clock")));
  await showFaults();
}

function showClock({ advanced_seconds: seconds }) {
  const hours = Math.round(seconds / 360) / 10;
  document.getElementById("clock-state").textContent = hours ? `${hours} h ahead` : "the real time";
}

/** Whether something still waits to go wrong: it may be used up by what happens. */
export function faultsWait() {
  return document.getElementById("faults-waiting").childElementCount > 0;
}

/** Bring what waits to go wrong up to date; the kinds there are come with the first answer. */
export const showFaults = oneAtATime(async () => {
  const select = document.getElementById("fault-kind");
  const all = await Promise.all(Object.entries(services).map(async ([service, url]) => (
    { service, ...await call(url("faults")) })));
  if (!select.options.length) {
    select.append(...all.map(({ service, kinds }) => make("optgroup", { label: service },
      ...Object.entries(kinds).map(([kind, does]) => make("option", {
        value: `${service} ${kind}`, textContent: `${kind.replaceAll("_", " ")}: ${does}` })))));
  }
  const waiting = all.flatMap(({ service, waiting: items }) => items.map((item) => make("li", {},
    `${service}: ${item.kind.replaceAll("_", " ")}, ${item.next} more `,
    make("button", { type: "button", textContent: "Take back",
      onclick: () => report(notice, async () => {
        await call(services[service]("faults"), { kind: item.kind, next: 0 });
        await showFaults();
        select.focus();
      }) }))));
  document.getElementById("faults-waiting").replaceChildren(...waiting);
});
