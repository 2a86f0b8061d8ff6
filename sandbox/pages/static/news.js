// What just happened, live: the journal as server-sent events. The stream begins where it ended,
// through restarts of the server too, so nothing is missed and nothing comes twice.
import { root } from "./calls.js";
import { make } from "./dom.js";

const KEPT = 80;
/** A stream ends every few seconds and opens again at once; only a longer silence is worth a word. */
const SILENCE_MILLISECONDS = 2_500;
const AGAIN_MILLISECONDS = 1_500;

const WORDS = { accepted: (who) => `To ${who || "nobody here"}`, received: (who) => `From ${who}`,
  read: (who) => `${who} read`, seen: () => "Partimer read", typing: () => "Partimer types",
  webhook: () => "Webhook", webhook_failed: () => "Webhook refused", event: () => "Payment",
  checkout: () => "Payment page" };

let newest = null;

/**
 * Show news, and tell `heard(row)` of each; `anew()` when the world began anew. `nameOf(who)` is the
 * name of whoever has a phone here.
 */
export function watch(heard, anew, nameOf) {
  const url = new URL("news", root);
  if (newest !== null) url.searchParams.set("after", newest);
  const source = new EventSource(url);
  source.onopen = () => live(true);
  source.onmessage = (event) => {
    const row = JSON.parse(event.data);
    if (newest !== null && row.id <= newest) return;
    newest = row.id;
    show(row, nameOf(row.person) || row.person);
    heard(row);
  };
  source.addEventListener("anew", () => {
    source.close();
    anew();
  });
  source.onerror = () => {
    live(false);
    // After an answer that is no stream (a proxy's error) the browser does not try again.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => watch(heard, anew, nameOf), AGAIN_MILLISECONDS);
  };
}

let silence = null;

function live(on) {
  const say = () => {
    const state = document.getElementById("live");
    state.textContent = on ? "Live" : "Waiting for the server…";
    state.classList.toggle("off", !on);
  };
  if (on) {
    clearTimeout(silence);
    silence = null;
    say();
  } else {
    silence ??= setTimeout(say, SILENCE_MILLISECONDS);
  }
}

function show(row, who) {
  const news = document.getElementById("news");
  const time = new Date(row.at).toLocaleTimeString();
  news.prepend(make("li", { className: `kind-${row.kind}` },
    make("span", { className: "kind", textContent: WORDS[row.kind]?.(who) || row.kind }),
    make("time", { textContent: time }),
    make("span", { className: "what", textContent: row.summary.replace(/^(to|from) \S+: /, "") })));
  while (news.childElementCount > KEPT) news.lastElementChild.remove();
}
