// The page of phones. Everything that came from a person is put on it as text, never as markup.
import { call, report, whatsapp } from "./calls.js";
import { openDesk, showJobs } from "./desk.js";
import { button } from "./dom.js";
import { watch } from "./news.js";
import { Phone } from "./phone.js";
import { showTill } from "./till.js";
import { faultsWait, playTrouble, showFaults } from "./trouble.js";

/** People to begin with: [phone or user id, name, what is special]. */
const PEOPLE = [
  ["+919812345678", "Asha Kulkarni", "a worker"],
  ["+919898989898", "Ravi Patil", "a worker"],
  ["+919900112233", "Sunita Devi", "a worker"],
  ["+919822200011", "Café Deccan", "an employer"],
  ["IN.13491208655302741918", "Meera", "her number is hidden"],
];
/** News comes in bursts: each phone is looked at once for all of a burst. */
const BURST_MILLISECONDS = 60;
const FAILED_MILLISECONDS = 1_500;

const phones = new Map();
const notice = document.getElementById("notice");
const title = document.title;

const page = {
  countUnread() {
    const unread = [...phones.values()].reduce((sum, phone) => sum + phone.unread, 0);
    document.title = unread ? `(${unread}) ${title}` : title;
  },
  missed(who) {
    stale.add(who);
    soon(FAILED_MILLISECONDS);
  },
  remove(phone) {
    phones.delete(phone.who);
    phone.element.remove();
    page.countUnread();
    suggest();
    document.querySelector("#suggested button, #new-phone").focus();
  },
};

function show(person) {
  const who = person.phone || person.user_id;
  if (!phones.has(who)) {
    const phone = new Phone(person, page);
    phones.set(who, phone);
    document.getElementById("phone-row").append(phone.element);
    phone.refresh().catch((error) => { notice.textContent = error.message; });
  }
  return phones.get(who);
}

function add(who, name) {
  return report(notice, async () => {
    const phone = show(await call(whatsapp("people"), { phone: who, name: name || null }));
    suggest();
    phone.find("textarea").focus();
  });
}

function suggest() {
  const missing = PEOPLE.filter(([who]) => !phones.has(who));
  document.getElementById("suggested").replaceChildren(...missing.map(([who, name, special]) => button(
    `+ ${name}`, () => add(who, name), { title: `${who}, ${special}`, className: "chip",
      "aria-label": `Add ${name}, ${special}` })));
  document.getElementById("empty").hidden = phones.size > 0;
}

document.getElementById("add-phone").addEventListener("submit", (event) => {
  event.preventDefault();
  const { phone, name } = event.target.elements;
  add(phone.value.trim(), name.value.trim()).then(() => {
    if (notice.textContent) return;
    event.target.reset();
    event.target.closest("details").open = false;
  });
});

const stale = new Set();
const others = new Set();
let waiting = null;

function soon(milliseconds) {
  waiting ||= setTimeout(lookAgain, milliseconds);
}

async function lookAgain() {
  waiting = null;
  const looks = [...[...stale].map((who) => [stale, who, phones.get(who)?.refresh]),
    ...[...others].map((look) => [others, look, look])];
  stale.clear();
  others.clear();
  await Promise.all(looks.map(([set, key, look]) => look?.().catch(() => set.add(key))));
  // What could not be looked at is not forgotten: its news does not come twice.
  if (stale.size || others.size) soon(FAILED_MILLISECONDS);
}

function heard(row) {
  // The journal's end is told at the start, too: all of it is on the page already.
  if (new Date(row.at) < performance.timeOrigin) return;
  if (row.kind === "reset") location.reload();
  if (row.kind === "typing") phones.get(row.person)?.types(true);
  else if (row.person) stale.add(row.person);
  if (row.kind.startsWith("webhook")) {
    for (const phone of phones.values()) if (phone.pending) stale.add(phone.who);
  }
  if (row.kind === "event" || row.kind === "checkout") others.add(showTill);
  if (row.kind === "fault" || faultsWait()) others.add(showFaults);
  if (["accepted", "received", "event"].includes(row.kind)) others.add(showJobs);
  soon(BURST_MILLISECONDS);
}

report(notice, async () => {
  const url = whatsapp("people");
  url.searchParams.set("on_page", "1");
  const { items } = await call(url);
  for (const person of items) show(person);
  suggest();
  await showTill();
  await playTrouble(() => { for (const phone of phones.values()) phone.refresh().catch(() => {}); });
  watch(heard, () => location.reload(), (who) => phones.get(who)?.person.name);
});
openDesk();
