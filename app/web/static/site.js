// What a page can do without is done here: everything works when this file does not load.
"use strict";

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    button.setAttribute("aria-disabled", "true");
  }
});

// A page that the browser kept ("back") can be sent again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// On a phone the pages stand in one line: the one that is open is in sight.
document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// "Use my location" fills in the two numbers.
for (const button of document.querySelectorAll("[data-locates]")) {
  button.hidden = !navigator.geolocation;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      (found) => {
        document.getElementById("latitude").value = found.coords.latitude.toFixed(4);
        document.getElementById("longitude").value = found.coords.longitude.toFixed(4);
        document.getElementById("latitude").dispatchEvent(new Event("input", { bubbles: true }));
        button.closest("details")?.setAttribute("open", "");
      },
      () => { button.nextElementSibling.hidden = false; },
    );
  });
}

// A shift that ends on the next day says so while it is typed.
for (const row of document.querySelectorAll("[data-shift]")) {
  const [start, end] = row.querySelectorAll("input[type=time]");
  const day = row.querySelector("input[type=checkbox]");
  const said = row.querySelector(".next-day");
  const say = () => { said.hidden = !(day.checked && start.value && end.value && end.value <= start.value); };
  for (const input of [start, end]) {
    input.addEventListener("input", () => { day.checked = true; say(); });
  }
  day.addEventListener("change", say);
  say();
}

// What takes something away, or asks why, is asked in a dialog: the focus goes into it, and comes back to its button.
for (const [number, asking] of [...document.querySelectorAll("details[data-ask]")].entries()) {
  const summary = asking.querySelector("summary");
  const make = (tag, given, ...inside) => {
    const made = Object.assign(document.createElement(tag), given);
    made.append(...inside);
    return made;
  };
  const name = make("h2", { id: `asked-${number}` }, summary.textContent);
  const leave = make("button", { type: "button", className: "second" }, asking.dataset.ask);
  const open = make("button", { type: "button", className: "ask" }, summary.textContent);
  const said = summary.getAttribute("aria-label");
  if (said) { open.setAttribute("aria-label", said); name.textContent = said; }
  open.setAttribute("aria-haspopup", "dialog");
  const dialog = make("dialog", {}, name, ...[...asking.childNodes].filter((node) => node !== summary), leave);
  dialog.setAttribute("aria-labelledby", name.id);
  open.addEventListener("click", () => dialog.showModal());
  leave.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => open.focus());
  const wasOpen = asking.open;
  asking.replaceWith(open, dialog);
  // Refused: what was typed and what is wrong with it is in sight.
  if (wasOpen) dialog.showModal();
}

// "/" leads an administrator into the box that finds anything.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const box = document.getElementById("seek");
  if (!box) return;
  event.preventDefault();
  box.focus();
});

// "j" and "k" go from case to case of a list; Enter opens it.
document.addEventListener("keydown", (event) => {
  if (!["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  const cases = [...document.querySelectorAll(".console ~ main tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
  if (!cases.length) return;
  const here = cases.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const step = event.key === "j" ? 1 : -1;
  cases[here < 0 ? (step > 0 ? 0 : cases.length - 1) : Math.min(cases.length - 1, Math.max(0, here + step))].focus();
});

// A ready reply comes into the box beside what was typed there; without this file its link brings it.
for (const link of document.querySelectorAll("[data-canned]")) {
  link.addEventListener("click", (event) => {
    const box = document.getElementById("text");
    event.preventDefault();
    box.value = [box.value.trim(), link.textContent].filter(Boolean).join("\n");
    box.focus();
  });
}

// Who waits for a person is counted in the head and the title of every page of the console, while it lies open; a
// sound, once asked for, tells of somebody new.
const counted = () => document.querySelector("[data-count]");
if (counted()) {
  const wantsSound = () => localStorage.getItem("sound") === "on";
  const title = document.title.replace(/^\(\d+\) /, "");
  const button = document.querySelector("[data-sounds]");
  let before = Number(counted().dataset.count);
  let audio = null;
  const listen = () => {
    if (wantsSound()) { audio ??= new AudioContext(); audio.resume(); }
    button?.setAttribute("aria-pressed", String(wantsSound()));
  };
  // A browser lets no page make a sound before something was pressed in it.
  for (const pressed of ["pointerdown", "keydown"]) addEventListener(pressed, listen, { once: true });
  listen();
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      localStorage.setItem("sound", wantsSound() ? "off" : "on");
      listen();
    });
  }
  const asking = setInterval(async () => {
    const answer = await fetch("/console/waiting/count/now", { headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer?.status === 401 || answer?.status === 403) {
      // What is being typed stays: somebody else's tab may have ended the session.
      clearInterval(asking);
      const { over, signin } = document.querySelector("[data-over]").dataset;
      const link = Object.assign(document.createElement("a"), { href: "/signin", target: "_blank", textContent: signin });
      const told = Object.assign(document.createElement("p"), { className: "told bad", role: "alert" });
      told.append(over, " ", link);
      document.getElementById("main").prepend(told);
    }
    if (!answer?.ok) return;
    counted().outerHTML = await answer.text();
    const now = Number(counted().dataset.count);
    document.title = now ? `(${now}) ${title}` : title;
    if (now > before && audio && wantsSound()) {
      const tone = audio.createOscillator();
      tone.connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.2);
    }
    before = now;
  }, 10_000);
}

// A stream that is refused because the session is over leads to the sign-in.
document.addEventListener("htmx:sse:error", (event) => {
  if (event.detail.status === 401) location.assign("/signin?done=session_over");
});
