// Payments that wait for somebody to pay.
import { call, oneAtATime, root, stripe } from "./calls.js";
import { make } from "./dom.js";

let shown = null;

/** Bring the list of open payments up to date. */
export const showTill = oneAtATime(async () => {
  const url = stripe("objects");
  url.searchParams.set("object", "checkout.session");
  const { items } = await call(url);
  const open = items.filter((session) => session.status === "open");
  const ids = open.map((session) => session.id).join();
  if (ids === shown) return;
  shown = ids;
  const list = open.map((session) => make("li", {}, make("a", {
    href: new URL(`stripe/checkout/${session.id}`, root).href,
    target: "_blank", textContent: `Pay ${sum(session)}`,
  })));
  const none = make("li", { className: "quiet", textContent: "No payment waits." });
  document.getElementById("till").replaceChildren(...(list.length ? list : [none]));
});

/** An amount in minor units, as a person reads it. */
function sum({ amount_total: amount, currency }) {
  const format = new Intl.NumberFormat([], { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}
