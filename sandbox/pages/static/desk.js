// An employer at a desk: a company that posts jobs and buys contacts, by the product's public API.
// Only where the product serves this page; elsewhere the page shows the calls to make by hand.
import { oneAtATime, report, root } from "./calls.js";
import { button, make } from "./dom.js";
import { PLACES } from "./places.js";

const KEPT = "partimer-sandbox-desk";
const HOURS = {
  weekends: [["saturday", "sunday"], "09:00", "15:00"],
  evenings: [["monday", "tuesday", "wednesday", "thursday", "friday"], "18:00", "22:00"],
  days: [["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "09:00", "17:00"],
};
const SAID = { offered: "was asked", accepted: "accepted", rejected: "said no", expired: "did not answer",
  closed: "is no longer asked", withdrawn: "took it back" };

/** What never answers must not hold up every look that comes after. */
const ANSWER_MILLISECONDS = 20_000;

const form = document.getElementById("desk");
const notice = document.getElementById("desk-notice");
let kept = JSON.parse(localStorage.getItem(KEPT) || "null");
let token = null;
let signingIn = null;
let shown = null;

/** Make the desk work, where there is one. */
export function openDesk() {
  return form && report(notice, open);
}

async function open() {
  form.elements.place.append(...PLACES.map(({ area, city }, index) => make("option",
    { value: index, textContent: `${area}, ${city}` })));
  const { items } = await api("GET", "catalogue/skills");
  form.elements.skill.append(...items.map(({ slug, name, category }) => make("option",
    { value: slug, textContent: name, "data-category": category, selected: slug === "waiter" })));
  form.addEventListener("submit", submitted);
  form.elements.post.disabled = false;
  await showJobs();
}

async function submitted(event) {
  event.preventDefault();
  // A second press while the first is on its way is the same job.
  if (form.ariaBusy) return;
  form.ariaBusy = "true";
  await report(notice, post);
  form.ariaBusy = null;
}

async function api(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const used = token;
  if (used) headers.Authorization = `Bearer ${used}`;
  const response = await fetch(new URL(`../api/${path}`, root), { method, headers,
    body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
  if (response.status === 401 && used) {
    if (token === used) token = null;
    await signIn();
    return api(method, path, body);
  }
  const answer = await response.json();
  if (response.ok) return answer;
  const first = answer.errors?.[0];
  const detail = first ? `${first.field}: ${first.message}` : answer.detail;
  throw Object.assign(new Error(detail || `The server answered ${response.status}.`),
    { code: answer.code });
}

/** Sign in, with a new company if there is none. Whoever asks meanwhile waits for the same company. */
function signIn() {
  if (token) return null;
  signingIn ??= enter().finally(() => { signingIn = null; });
  return signingIn;
}

async function enter() {
  const company = kept || await register();
  try {
    ({ access_token: token } = await api("POST", "auth/login", { role: "employer", ...company }));
  } catch (error) {
    if (error.code !== "invalid_credentials") throw error;
    // The product's database is another one by now: a new company.
    kept = null;
    localStorage.removeItem(KEPT);
    await enter();
  }
}

async function register() {
  const number = Date.now().toString(36);
  const company = { email: `cafe-${number}@example.org`, password: `brunch at the river ${number}` };
  await api("POST", "auth/register/employer", { company_name: "Café Deccan",
    contact_name: "Ravi Sharma", phone: form.dataset.phone, ...company });
  // Only what is there: whoever asks for its jobs before would be told that nobody knows it.
  kept = company;
  localStorage.setItem(KEPT, JSON.stringify(kept));
  return company;
}

async function post() {
  await signIn();
  const { skill, place, when, pay } = form.elements;
  const { area, city, latitude, longitude } = PLACES[Number(place.value)];
  const [days, start, end] = HOURS[when.value];
  const { category } = skill.selectedOptions[0].dataset;
  const tomorrow = new Date(Date.now() + 86_400_000).toLocaleDateString("en-CA");
  const job = await api("POST", "employers/jobs", {
    title: skill.selectedOptions[0].textContent, description: "A busy house with good people.",
    category, location: { latitude, longitude }, city, address: `Main road, ${area}`,
    starts_on: tomorrow, positions: 1, required_skills: [skill.value],
    slots: days.map((weekday) => ({ weekday, start, end })),
    salary: { amount: pay.valueAsNumber * 100, currency: "INR", per: "hour" },
  });
  await api("POST", `employers/jobs/${job.id}/publish`);
  await showJobs();
}

/** Bring the jobs and who was asked up to date. */
export const showJobs = oneAtATime(async () => {
  if (!form || !kept) return;
  await signIn();
  const { items } = await api("GET", "employers/jobs?limit=4");
  const jobs = await Promise.all(items.map(async (job) => ({
    job, matches: (await api("GET", `employers/jobs/${job.id}/matches?limit=10`)).items })));
  // Made anew only where something is new: the focus may stand on a button in it.
  if (JSON.stringify(jobs) === shown) return;
  shown = JSON.stringify(jobs);
  document.getElementById("desk-jobs").replaceChildren(...jobs.map(shownJob));
});

function shownJob({ job, matches }) {
  const people = matches.map((match) => make("li", {}, ...shownMatch(match)));
  const nobody = make("li", { className: "quiet",
    textContent: "Nobody who is registered fits yet: skill, place, hours." });
  return make("article", { className: "job", "aria-label": `Job: ${job.title}, ${job.status}` },
    make("h3", {}, job.title, make("small", { textContent: ` ${job.city} · ${job.status}` })),
    make("ul", { className: "plain" }, ...(people.length ? people : [nobody])));
}

function shownMatch(match) {
  if (match.contact) {
    const { name, phone } = match.contact;
    if (!phone) return ["This person has deleted their account; their name and number are gone."];
    return [make("strong", { textContent: name }), ` ${phone}, yours for good`];
  }
  const state = SAID[match.status] || match.status;
  // Who has not accepted has no name yet.
  const name = match.worker.display_name || "Somebody";
  const words = [make("strong", { textContent: name }), ` ${state}`];
  if (match.status !== "accepted") return words;
  return [...words, " ", button("Unlock the contact", () => report(notice, async () => {
    const unlocked = await api("POST", `employers/matches/${match.id}/unlock`);
    // Beside this page, where the phones go on; a browser that opens no second page leaves it.
    const { checkout_url: till } = unlocked;
    if (till && !window.open(till, "_blank")) location.assign(till);
    await showJobs();
  }), { className: "main" })];
}
