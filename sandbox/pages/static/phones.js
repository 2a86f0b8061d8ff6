// The phones in the browser. Everything that came from a person is put on the page as text, never
// as markup. The page plays through the same control endpoints as the tests do.
"use strict";

const root = new URL(".", document.baseURI);
const whatsapp = (path) => new URL(`whatsapp/_control/${path}`, root);
const phones = new Map();
const NEWS_KEPT = 60;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

async function call(url, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(url, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail || `The sandbox answered ${response.status}.`);
  return answer;
}

function report(element, attempt) {
  element.textContent = "";
  return attempt().catch((error) => { element.textContent = error.message; });
}

// ── One phone ────────────────────────────────────────────────────────────────────────────────────

class Phone {
  constructor(person) {
    this.who = person.phone || person.user_id;
    this.bubbles = new Map();
    const fragment = document.getElementById("phone-template").content.cloneNode(true);
    this.element = fragment.querySelector(".phone");
    this.chat = this.element.querySelector(".chat");
    this.notice = this.element.querySelector(".phone-notice");
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.querySelector(".composer").addEventListener("submit", (event) => this.typed(event));
    this.element.querySelector(".location").addEventListener("submit", (event) => this.placed(event));
    this.element.addEventListener("focusin", () => this.markRead());
    this.describe(person);
    document.getElementById("phone-row").append(this.element);
    this.refresh();
  }

  describe(person) {
    this.person = person;
    this.element.setAttribute("aria-label", `Phone of ${person.name}`);
    this.element.querySelector("h3").textContent = person.name;
    this.element.querySelector(".number").textContent = this.who;
    this.chat.setAttribute("aria-label", `Chat of ${person.name}`);
    const block = this.element.querySelector('[data-do="block"]');
    block.setAttribute("aria-pressed", String(person.blocked));
    block.textContent = person.blocked ? "Blocked" : "Block";
  }

  say(message, contextId) {
    return report(this.notice, async () => {
      await call(whatsapp("inbound"), { phone: this.who, message, context_id: contextId || null });
      await this.refresh();
    });
  }

  typed(event) {
    event.preventDefault();
    const input = event.target.elements.text;
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    this.say({ type: "text", text });
  }

  placed(event) {
    event.preventDefault();
    const fields = event.target.elements;
    const [latitude, longitude] = [Number(fields.latitude.value), Number(fields.longitude.value)];
    this.say({ type: "location", latitude, longitude });
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.say) this.say({ type: "text", text: button.dataset.say });
    if (button.dataset.send) this.say({ type: button.dataset.send });
    const actions = {
      read: () => this.control("read", {}),
      block: () => this.control("block", { blocked: !this.person.blocked }),
      remove: () => this.remove(),
      share: () => this.share(),
    };
    actions[button.dataset.do]?.();
  }

  control(path, body) {
    return report(this.notice, async () => {
      await call(whatsapp(path), { phone: this.who, ...body });
      await this.refresh();
    });
  }

  share() {
    const number = this.person.phone || document.getElementById("new-phone").value;
    this.say({ type: "contacts", phone: number });
  }

  remove() {
    return report(this.notice, async () => {
      const named = this.person.phone ? { phone: this.who } : { user_id: this.who };
      await call(whatsapp("people"), { ...named, on_page: false });
      phones.delete(this.who);
      this.element.remove();
      document.getElementById("new-phone").focus();
    });
  }

  async refresh() {
    const url = whatsapp("conversation");
    url.searchParams.set("phone", this.who);
    const { person, items } = await call(url);
    this.describe(person);
    const atEnd = this.chat.scrollHeight - this.chat.scrollTop - this.chat.clientHeight < 40;
    for (const item of items) {
      const known = this.bubbles.get(item.id);
      if (known) {
        known.querySelector(".when").textContent = stamp(item);
      } else {
        const bubble = this.bubble(item);
        this.bubbles.set(item.id, bubble);
        this.chat.append(bubble);
      }
    }
    if (atEnd) this.chat.scrollTop = this.chat.scrollHeight;
    this.unread = items.some((item) => !item.incoming && item.status === "delivered");
    this.markRead();
  }

  // Whoever has the phone in hand (the focus is in it) reads what comes.
  markRead() {
    if (!this.unread || !this.element.contains(document.activeElement)) return;
    this.unread = false;
    this.control("read", {});
  }

  bubble(item) {
    const bubble = make("div", { className: item.incoming ? "bubble mine" : "bubble" });
    const speaker = item.incoming ? this.person.name : "Partimer";
    bubble.append(make("span", { className: "hidden", textContent: `${speaker}: ` }));
    bubble.append(make("span", {}, ...lines(item.text || `[${item.type}]`)));
    if (!item.incoming) {
      const taps = make("div", { className: "taps" });
      taps.append(...this.taps(item));
      if (taps.childElementCount) bubble.append(taps);
    }
    bubble.append(make("span", { className: "when", textContent: stamp(item) }));
    return bubble;
  }

  taps(item) {
    const interactive = item.payload.interactive || {};
    const found = item.buttons.map((button) => {
      const copies = copiesCode(item, button);
      const tap = () => copies ? navigator.clipboard?.writeText(button.id)
        : this.say({ type: "button_reply", id: button.id }, item.id);
      return make("button", { type: "button", textContent: button.title, onclick: tap });
    });
    if (item.rows.length) {
      const label = interactive.action?.button || "Choose";
      const list = make("details", {}, make("summary", { textContent: `☰ ${label}` }));
      for (const row of item.rows) {
        const tap = () => {
          list.open = false;
          this.say({ type: "list_reply", id: row.id }, item.id);
        };
        list.append(make("button", { type: "button", textContent: row.title, onclick: tap }));
      }
      found.push(list);
    }
    if (interactive.type === "location_request_message") {
      const open = () => {
        this.element.querySelector(".more").open = true;
        this.element.querySelector('[name="latitude"]').focus();
      };
      found.push(make("button", { type: "button", textContent: "Send location…", onclick: open }));
    }
    if (interactive.type === "request_contact_info") {
      const tap = () => this.share();
      found.push(make("button", { type: "button", textContent: "Share my number", onclick: tap }));
    }
    if (interactive.type === "flow") found.push(this.flow(item, interactive));
    return found;
  }

  flow(item, interactive) {
    const label = interactive.action.parameters.flow_cta;
    const answer = make("textarea", { rows: 4, value: "{}" });
    const send = () => {
      let response;
      try {
        response = JSON.parse(answer.value);
      } catch {
        this.notice.textContent = "The form's answers are JSON, such as {\"monday\": true}.";
        return;
      }
      this.say({ type: "flow_reply", response }, item.id);
    };
    return make("details", {}, make("summary", { textContent: label }),
      make("label", {}, "Answers as JSON ", answer),
      make("button", { type: "button", textContent: "Send answers", onclick: send }));
  }
}

// A code is copied from the message; tapping its button sends nothing, as on a real phone.
function copiesCode(item, button) {
  const components = item.payload.template?.components || [];
  return components.some((part) => part.type === "button" && part.sub_type !== "quick_reply"
    && (part.parameters || []).some((value) => [value.text, value.coupon_code].includes(button.id)));
}

function stamp(item) {
  const time = new Date(item.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (item.incoming) return time;
  return `${time} ${item.status === "read" ? "read ✓✓" : "✓✓"}`;
}

// WhatsApp's *bold*, and addresses that can be opened; everything else is text.
function lines(text) {
  return text.split(/(https?:\/\/[^\s]+|\*[^*\n]+\*)/).map((part) => {
    if (/^https?:\/\//.test(part)) {
      return make("a", { href: part, textContent: part, target: "_blank", rel: "noopener" });
    }
    if (/^\*[^*\n]+\*$/.test(part)) return make("strong", { textContent: part.slice(1, -1) });
    return document.createTextNode(part);
  });
}

// ── The page ─────────────────────────────────────────────────────────────────────────────────────

const notice = document.getElementById("notice");

async function showPhones() {
  const url = whatsapp("people");
  url.searchParams.set("on_page", "1");
  const { items } = await call(url);
  for (const person of items) show(person);
}

function show(person) {
  const who = person.phone || person.user_id;
  if (phones.has(who)) phones.get(who).describe(person);
  else phones.set(who, new Phone(person));
  return phones.get(who);
}

document.getElementById("add-phone").addEventListener("submit", (event) => {
  event.preventDefault();
  const { phone, name } = event.target.elements;
  report(notice, async () => {
    const body = { phone: phone.value.trim(), name: name.value.trim() || null };
    const added = show(await call(whatsapp("people"), body));
    added.element.querySelector('[name="text"]').focus();
    phone.value = "";
    name.value = "";
  });
});

document.getElementById("clock").addEventListener("submit", (event) => {
  event.preventDefault();
  const seconds = Number(document.getElementById("clock-seconds").value);
  report(notice, async () => clockIs(await call(whatsapp("clock"), { advance_seconds: seconds })));
});

function clockIs({ advanced_seconds: seconds }) {
  const hours = Math.round(seconds / 360) / 10;
  document.getElementById("clock-state").textContent = seconds ? `${hours} h ahead` : "";
}

async function showTill() {
  const url = new URL("stripe/_control/objects", root);
  url.searchParams.set("object", "checkout.session");
  const { items } = await call(url);
  const open = items.filter((session) => session.status === "open");
  const till = document.getElementById("till");
  till.replaceChildren(...open.map((session) => {
    const page = new URL(`stripe/checkout/${session.id}`, root);
    const currency = session.currency.toUpperCase();
    const digits = new Intl.NumberFormat("en", { style: "currency", currency })
      .resolvedOptions().maximumFractionDigits;
    const sum = `${currency} ${session.amount_total / 10 ** digits}`;
    return make("li", {}, make("a", { href: page.href, textContent: `Pay ${sum}` }),
      ` (${session.client_reference_id || session.id})`);
  }));
  if (!open.length) {
    till.append(make("li", { className: "quiet", textContent: "No payment waits." }));
  }
}

function showNews(row) {
  const news = document.getElementById("news");
  const time = new Date(row.at).toLocaleTimeString();
  news.prepend(make("li", {},
    make("span", { className: "quiet", textContent: time }),
    make("span", { className: "kind", textContent: row.kind.replaceAll("_", " ") }),
    make("span", { className: "what", textContent: row.summary })));
  while (news.childElementCount > NEWS_KEPT) news.lastElementChild.remove();
}

const stale = new Set();
let tillIsStale = false;
let waiting = null;

// News comes in bursts: each phone is looked at once for all of a burst.
function lookAgain() {
  waiting ||= setTimeout(() => {
    waiting = null;
    for (const who of stale) phones.get(who)?.refresh().catch(() => {});
    stale.clear();
    if (tillIsStale) showTill().catch(() => {});
    tillIsStale = false;
  }, 60);
}

function watch() {
  const source = new EventSource(new URL("news", root));
  source.onmessage = (event) => {
    const row = JSON.parse(event.data);
    showNews(row);
    if (row.person) stale.add(row.person);
    if (row.kind === "event" || row.kind === "checkout") tillIsStale = true;
    lookAgain();
  };
}

report(notice, async () => {
  await showPhones();
  await showTill();
  clockIs(await call(whatsapp("clock")));
  watch();
});
