// One phone: its chat, its composer, its sheet. Whoever has it in hand (the focus is in it) reads.
import { bubbleOf, initial, mark } from "./bubble.js";
import { call, oneAtATime, report, whatsapp } from "./calls.js";
import { aloud, make } from "./dom.js";
import { formOf } from "./flow.js";
import { choices, placePicker, rowsOf } from "./pickers.js";
import { Sheet } from "./sheet.js";
import { plain } from "./writing.js";

/** The platform shows "typing…" for at most this long, or until the message is there. */
const TYPING_MILLISECONDS = 25_000;

export class Phone {
  constructor(person, page) {
    this.page = page;
    this.who = person.phone || person.user_id;
    this.items = new Map();
    this.lines = new Map();
    this.unread = 0;
    this.refresh = oneAtATime(() => this.look());
    const fragment = document.getElementById("phone-template").content.cloneNode(true);
    this.element = fragment.querySelector(".phone");
    this.find = (selector) => this.element.querySelector(selector);
    this.chat = this.find(".chat");
    this.notice = this.find(".phone-notice");
    this.sheet = new Sheet(this.find(".screen"));
    this.element.addEventListener("click", (event) => this.pressed(event));
    this.element.addEventListener("focusin", () => this.markRead());
    this.find(".composer").addEventListener("submit", (event) => this.typed(event));
    this.find("textarea").addEventListener("keydown", (event) => this.key(event));
    this.describe(person);
  }

  describe(person) {
    this.person = person;
    const { name, blocked, window_seconds_left: left } = person;
    this.element.setAttribute("aria-label", `Phone of ${name}`);
    this.find("h3").textContent = name;
    this.find(".owner .avatar").textContent = initial(name);
    this.find(".number").textContent = this.who;
    this.chat.setAttribute("aria-label", `Chat of ${name} with Partimer`);
    this.find('[data-do="more"]').setAttribute("aria-label", `More for ${name}`);
    this.find(".window").textContent = left
      ? `Window: ${Math.ceil(left / 3600)} h`
      : "Window closed";
    this.find(".window").classList.toggle("closed", !left);
    this.find(".blocked").hidden = !blocked;
    this.find(".composer").hidden = blocked;
  }

  // ── What comes ─────────────────────────────────────────────────────────────────────────────────

  async look() {
    const url = whatsapp("conversation");
    url.searchParams.set("phone", this.who);
    const { person, items } = await call(url);
    this.describe(person);
    const atEnd = this.chat.scrollHeight - this.chat.scrollTop - this.chat.clientHeight < 60;
    const reactions = new Map();
    for (const item of items) {
      this.items.set(item.id, item);
      if (item.type !== "reaction") continue;
      const { message_id: id, emoji } = item.payload.reaction || {};
      reactions.set(id, emoji ? [emoji] : []);
    }
    for (const item of items) {
      if (item.type === "reaction") continue;
      if (!this.lines.has(item.id)) this.append(item);
      mark(this.lines.get(item.id), item, reactions.get(item.id) || []);
    }
    this.pending = items.some((item) => item.incoming && item.status === "sent");
    this.count(items.filter((item) => !item.incoming && item.status === "delivered").length);
    if (atEnd) this.chat.scrollTop = this.chat.scrollHeight;
    this.markRead();
  }

  append(item) {
    const day = new Date(item.at).toLocaleDateString([], { day: "numeric", month: "long" });
    if (day !== this.day) this.chat.append(make("p", { className: "aside", textContent: day }));
    this.day = day;
    const line = bubbleOf(item, this);
    this.lines.set(item.id, line);
    this.chat.append(line);
    if (!item.incoming) this.types(false);
  }

  types(on) {
    clearTimeout(this.typing);
    this.find(".presence").textContent = on ? "typing…" : "Business";
    if (on) this.typing = setTimeout(() => this.types(false), TYPING_MILLISECONDS);
  }

  count(unread) {
    this.unread = unread;
    this.find(".unread").replaceChildren(...(unread ? [String(unread), aloud(" unread")] : []));
    this.page.countUnread();
  }

  markRead() {
    if (!this.unread || !this.element.contains(document.activeElement)) return;
    this.count(0);
    this.control("read", {});
  }

  // ── What goes ──────────────────────────────────────────────────────────────────────────────────

  say(message, contextId = null) {
    this.sheet.close();
    return report(this.notice, async () => {
      try {
        await call(whatsapp("inbound"), { phone: this.who, message, context_id: contextId });
      } finally {
        this.chat.scrollTop = this.chat.scrollHeight;
        await this.refresh().catch(() => this.page.missed(this.who));
      }
    });
  }

  control(path, body) {
    return report(this.notice, async () => {
      await call(whatsapp(path), { phone: this.who, ...body });
      await this.refresh().catch(() => this.page.missed(this.who));
    });
  }

  async typed(event) {
    event.preventDefault();
    const field = this.find("textarea");
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    const quoted = this.quoted;
    this.quote(null);
    const error = await this.say({ type: "text", text }, quoted);
    // Nobody took it: it is still to be sent. (What was not acknowledged was taken.)
    if (error && error.code !== "webhook_not_acknowledged") field.value ||= text;
  }

  key(event) {
    if (event.key === "Escape") this.quote(null);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.find(".composer").requestSubmit();
  }

  tap(item, given) {
    this.say({ type: "button_reply", id: given.id }, item.id);
  }

  react(item) {
    this.say({ type: "reaction", message_id: item.id, emoji: "👍" });
  }

  quote(item) {
    this.quoted = item?.id || null;
    this.find(".quoting").hidden = !item;
    this.find(".quoting span").textContent = item ? plain(item.text) : "";
    if (item) this.find("textarea").focus();
  }

  copy(code) {
    return report(this.notice, async () => {
      await navigator.clipboard.writeText(code);
      this.find(".said").textContent = `Copied ${code}.`;
    });
  }

  share() {
    if (this.person.phone) return this.say({ type: "contacts", phone: this.who });
    const field = make("input", { type: "tel", required: true, value: "+91 " });
    const form = make("form", { className: "point" }, make("label", { className: "field" },
      "The number to share", field), make("button", { textContent: "Share" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.say({ type: "contacts", phone: field.value });
    });
    return this.sheet.open("My number", form);
  }

  // ── What opens ─────────────────────────────────────────────────────────────────────────────────

  openList(item) {
    const { action } = item.payload.interactive;
    this.sheet.open(action.button, ...rowsOf(action.sections,
      (row) => this.say({ type: "list_reply", id: row.id }, item.id)));
  }

  openPlaces() {
    this.sheet.open("Send location", ...placePicker(({ area, city, latitude, longitude }) => {
      const name = area ? { name: `${area}, ${city}` } : {};
      this.say({ type: "location", latitude, longitude, ...name });
    }));
  }

  openFlow(item) {
    this.sheet.open(item.form.button, formOf(item.form,
      (response) => this.say({ type: "flow_reply", response }, item.id)));
  }

  pressed(event) {
    const pressed = event.target.closest("[data-do]");
    if (!pressed) return;
    const write = (text) => () => this.say({ type: "text", text });
    const send = (type) => () => this.say({ type });
    ({
      attach: () => this.sheet.open("Send", choices([
        ["📍 Location", "from a list of places, or a point", () => this.again(() => this.openPlaces())],
        ["👤 My number", "a contact card", () => this.again(() => this.share())],
        ["📷 Photo", "", send("image")],
        ["🎤 Voice note", "", send("audio")],
        ["🌟 Sticker", "", send("sticker")],
        ["🛑 STOP", "no more messages, please", write("STOP")],
        ["🟢 START", "messages again", write("START")],
      ])),
      more: () => this.sheet.open(this.person.name, choices([
        ["Read everything", "read receipts go out", () => this.done("read", {})],
        this.person.blocked
          ? ["Unblock Partimer", "", () => this.done("block", { blocked: false })]
          : ["Block Partimer", "its messages fail with 131026", () => this.done("block", { blocked: true })],
        ["Put this phone away", "its chat is kept", () => this.remove()],
      ])),
      unblock: () => this.control("block", { blocked: false }),
      unquote: () => this.quote(null),
    })[pressed.dataset.do]?.();
  }

  again(open) {
    this.sheet.close();
    open();
  }

  done(path, body) {
    this.sheet.close();
    this.control(path, body);
  }

  remove() {
    return report(this.notice, async () => {
      const named = this.person.phone ? { phone: this.who } : { user_id: this.who };
      await call(whatsapp("people"), { ...named, on_page: false });
      this.page.remove(this);
    });
  }
}
