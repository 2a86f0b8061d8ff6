// One message in a chat: what it says, what can be tapped, when it came, and its ticks.
import { aloud, button, make } from "./dom.js";
import { plain, written } from "./writing.js";

const KINDS = { image: "📷 Photo", audio: "🎤 Voice note", video: "🎬 Video", sticker: "🌟 Sticker",
  document: "📄 Document", unsupported: "A message of a kind that is not supported" };

/** A bubble for `item`; `chat` is the phone: it knows the other messages, and does what is tapped. */
export function bubbleOf(item, chat) {
  if (item.status === "failed") return lost(item);
  const speaker = item.incoming ? chat.person.name : "Partimer";
  const bubble = make("div", { className: item.incoming ? "bubble mine" : "bubble" },
    aloud(`${speaker}: `), quote(item, chat), ...said(item),
    make("span", { className: "foot" }, make("span", { className: "reactions" }),
      make("span", { className: "when" })));
  const taps = item.incoming ? [] : tapsOf(item, chat);
  const answer = make("span", { className: "answers" },
    button("↩", () => chat.quote(item), { "aria-label": `Reply to “${plain(item.text, 40)}”` }),
    item.incoming ? null : button("👍", () => chat.react(item), { "aria-label": "React with 👍" }));
  return make("div", { className: item.incoming ? "line mine" : "line" },
    make("div", { className: "with-answers" }, bubble, answer),
    taps.length ? make("div", { className: "taps" }, ...taps) : null);
}

/** Bring time, ticks and reactions of a shown bubble up to date. */
export function mark(line, item, reactions) {
  const when = line.querySelector(".when");
  if (!when) return;
  const known = `${item.status} ${item.trouble} ${reactions.join("")}`;
  if (line.dataset.known === known) return;
  line.dataset.known = known;
  when.replaceChildren(timeOf(item), ...ticks(item));
  line.querySelector(".reactions").textContent = reactions.join("");
}

function timeOf(item) {
  return new Date(item.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

// On a phone the sender sees ticks: here both sides do, because both are of interest.
function ticks({ status, trouble }) {
  const [signs, words] = {
    sent: ["✓", "sent"], delivered: ["✓✓", "delivered"], read: ["✓✓", "read"],
  }[status] || ["✓", status];
  const shown = make("span", { className: `ticks ${status}`, title: words }, aloud(` ${words}`),
    make("span", { textContent: signs, "aria-hidden": "true" }));
  if (!trouble) return [" ", shown];
  const why = `${trouble}. It will be repeated, as the platform does.`;
  return [" ", shown, make("span", { className: "trouble", textContent: `Not delivered: ${why}` })];
}

function lost(item) {
  return make("p", { className: "aside bad" }, "A message did not reach this phone. ",
    make("span", { textContent: item.trouble || "" }), " ",
    make("q", { textContent: plain(item.text) }));
}

function quote(item, chat) {
  const id = item.payload.context?.id || item.payload.context?.message_id;
  const quoted = id && chat.items.get(id);
  // A tap names its message too; its button stands right there, and needs no quote.
  if (!quoted || item.type === "interactive" || item.type === "button") return null;
  return make("span", { className: "quote" }, aloud("In answer to: "), plain(quoted.text));
}

function said(item) {
  const part = item.payload[item.type] || {};
  if (item.type === "location") {
    const point = `${part.latitude}, ${part.longitude}`;
    return [make("span", { className: "map", "aria-hidden": "true" }, make("span", {}, "📍")),
      make("span", {}, part.name || part.address || "Location"),
      make("small", { textContent: point })];
  }
  if (item.type === "contacts") {
    return part.map((card) => make("span", { className: "card-line" },
      make("span", { className: "avatar", textContent: initial(card.name.formatted_name),
        "aria-hidden": "true" }),
      make("span", {}, card.name.formatted_name,
        make("small", { textContent: (card.phones || []).map((p) => p.phone).join(", ") }))));
  }
  const kind = KINDS[item.type];
  if (kind) return [make("span", { className: "media", textContent: kind }), ...written(part.caption || "")];
  const { header, footer, action } = item.payload.interactive || {};
  let text = item.text || `[${item.type}]`;
  if (action?.name === "cta_url") text = text.replace(`\n${action.parameters.url}`, "");
  const lines = text.split("\n");
  const head = header?.type === "text" ? lines.shift() : null;
  const foot = footer?.text ? lines.pop() : null;
  return [
    head ? make("strong", { className: "title", textContent: `${head}\n` }) : null,
    make("span", {}, ...written(lines.join("\n"))),
    foot ? make("small", { textContent: foot }) : null,
  ].filter(Boolean);
}

export function initial(name) {
  return [...name.trim()][0]?.toUpperCase() || "?";
}

function tapsOf(item, chat) {
  const { type, action } = item.payload.interactive || {};
  const replies = item.buttons.map((given) => copiesCode(item, given)
    ? button(`⧉ ${given.title}`, () => chat.copy(given.id))
    : button(given.title, () => chat.tap(item, given)));
  if (type === "list") replies.push(button(`☰ ${action.button}`, () => chat.openList(item)));
  if (type === "location_request_message") {
    replies.push(button("📍 Send location", () => chat.openPlaces()));
  }
  if (type === "request_contact_info") replies.push(button("Share my number", () => chat.share()));
  if (item.form) replies.push(button(item.form.button, () => chat.openFlow(item)));
  if (type === "cta_url") {
    const { url, display_text: words } = action.parameters;
    replies.push(make("a", { href: url, target: "_blank", rel: "noopener" }, `${words} ↗`));
  }
  return replies;
}

// A code is copied from the message; tapping its button sends nothing, as on a real phone.
function copiesCode(item, given) {
  const components = item.payload.template?.components || [];
  return components.some((part) => part.type === "button" && part.sub_type !== "quick_reply"
    && (part.parameters || []).some((value) => [value.text, value.coupon_code].includes(given.id)));
}
