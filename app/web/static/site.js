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

// "/" leads an administrator into the box that finds anything.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const box = document.querySelector("input[type=search]");
  const page = document.querySelector('nav a[href="/console/find"]');
  if (!box && !page) return;
  event.preventDefault();
  if (box) box.focus(); else location.assign(page.href);
});

// Who waits is counted in the title; a sound, once asked for, tells of somebody new.
const waiting = () => Number(document.querySelector("[data-waiting]")?.dataset.waiting ?? 0);
const sounds = document.querySelector("[data-sounds]");
if (sounds) {
  let before = waiting();
  let audio = null;
  sounds.hidden = false;
  sounds.addEventListener("click", () => {
    audio = audio ? null : new AudioContext();
    sounds.setAttribute("aria-pressed", String(Boolean(audio)));
  });
  const title = document.title.replace(/^\(\d+\) /, "");
  new MutationObserver(() => {
    const now = waiting();
    document.title = now ? `(${now}) ${title}` : title;
    if (now > before && audio) {
      const tone = audio.createOscillator();
      tone.connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.2);
    }
    before = now;
  }).observe(document.getElementById("main"), { childList: true, subtree: true });
}

// A stream that is refused because the session is over leads to the sign-in.
document.addEventListener("htmx:sse:error", (event) => {
  if (event.detail.status === 401) location.assign("/signin?done=session_over");
});
