// Payments that wait for somebody to pay, at whichever provider.
import { call, oneAtATime, razorpay, root, stripe } from "./calls.js";
import { make } from "./dom.js";

let shown = null;

/** Bring the list of open payments up to date. */
export const showTill = oneAtATime(async () => {
  const sessions = stripe("objects");
  sessions.searchParams.set("object", "checkout.session");
  const links = razorpay("objects");
  links.searchParams.set("entity", "payment_link");
  const open = [
    ...(await call(sessions)).items
      .filter((session) => session.status === "open")
      .map((session) => ({
        path: `stripe/checkout/${session.id}`,
        sum: sum(session.amount_total, session.currency),
      })),
    ...(await call(links)).items
      .filter((link) => link.status === "created")
      .map((link) => ({ path: `razorpay/pay/${link.id}`, sum: sum(link.amount, link.currency) })),
  ];
  const paths = open.map(({ path }) => path).join();
  if (paths === shown) return;
  shown = paths;
  const list = open.map(({ path, sum }) => make("li", {}, make("a", {
    href: new URL(path, root).href,
    target: "_blank", textContent: `Pay ${sum}`,
  })));
  const none = make("li", { className: "quiet", textContent: "No payment waits." });
  document.getElementById("till").replaceChildren(...(list.length ? list : [none]));
});

/** An amount in minor units, as a person reads it. */
function sum(amount, currency) {
  const format = new Intl.NumberFormat([], { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}
