// The place of a job on a map: around what is typed; a click or the arrow keys move the point.
"use strict";

(() => {
  const box = document.getElementById("pick");
  const place = document.getElementById("place");
  const latitude = document.getElementById("latitude"), longitude = document.getElementById("longitude");
  if (!box || !place || !latitude) return;
  const shown = box.querySelector("[data-shown]"), said = box.querySelector("[role=status]");
  const KM = 111.2;
  let asked = 0, timer = null, byUs = false;

  const point = () => (latitude.value && longitude.value ? [Number(latitude.value), Number(longitude.value)] : null);
  const load = async (zoom) => {
    const mine = ++asked, at = point(), query = new URLSearchParams({ q: place.value });
    if (at) { query.set("latitude", at[0]); query.set("longitude", at[1]); }
    if (zoom !== undefined) query.set("zoom", zoom);
    if (!at && !place.value.trim()) return;
    const answer = await fetch(`/jobs/place?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer || !answer.ok || mine !== asked) return; // the form works without a map
    const held = shown.contains(document.activeElement);
    shown.innerHTML = await answer.text();
    box.hidden = false;
    if (held) shown.querySelector(".stage")?.focus();
  };
  const set = (north, east) => {
    byUs = true;
    latitude.value = Math.max(-90, Math.min(90, north)).toFixed(4);
    longitude.value = (((east + 540) % 360) - 180).toFixed(4);
    latitude.dispatchEvent(new Event("input", { bubbles: true }));
    byUs = false;
    said.textContent = `${box.dataset.picked} ${latitude.value}, ${longitude.value}`;
    const svg = shown.querySelector(".map"), pin = svg?.querySelector(".job");
    if (!pin) return load();
    const half = 160, scale = half / Number(svg.dataset.reach), shrink = Math.cos((Number(svg.dataset.latitude) * Math.PI) / 180);
    const x = half + (longitude.value - svg.dataset.longitude) * shrink * KM * scale;
    const y = half - (latitude.value - svg.dataset.latitude) * KM * scale;
    pin.setAttribute("cx", x);
    pin.setAttribute("cy", y);
    if (Math.min(x, y) < 24 || Math.max(x, y) > 296) load(shown.querySelector(".stage").dataset.zoom);
  };

  box.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-at]"), zooms = event.target.closest("[data-zooms]"), svg = event.target.closest(".map");
    const stage = shown.querySelector(".stage");
    if (choice) {
      const [north, east] = choice.dataset.at.split(",").map(Number);
      set(north, east);
      load();
    } else if (zooms) {
      load(Math.max(0, Math.min(Number(stage.dataset.furthest), Number(stage.dataset.zoom) + Number(zooms.dataset.zooms))));
    } else if (svg) {
      const area = svg.getBoundingClientRect(), reach = Number(svg.dataset.reach);
      const east = ((event.clientX - area.left) / area.width - 0.5) * 2 * reach, south = ((event.clientY - area.top) / area.height - 0.5) * 2 * reach;
      const north = Number(svg.dataset.latitude) - south / KM;
      set(north, Number(svg.dataset.longitude) + east / (KM * Math.cos((north * Math.PI) / 180)));
    }
  });
  box.addEventListener("keydown", (event) => {
    const by = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    const svg = event.target.closest(".stage")?.querySelector(".map");
    if (!by || !svg) return;
    event.preventDefault();
    const [north, east] = point() ?? [Number(svg.dataset.latitude), Number(svg.dataset.longitude)];
    const step = Number(svg.dataset.reach) / 30 / KM;
    set(north + by[0] * step, east + (by[1] * step) / Math.cos((north * Math.PI) / 180));
  });
  place.addEventListener("input", () => {
    // What is typed now is another place than the one that was picked.
    latitude.value = longitude.value = "";
    clearTimeout(timer);
    timer = setTimeout(load, 500);
  });
  for (const field of [latitude, longitude]) field.addEventListener("input", () => { if (!byUs && point()) load(); });
  if (point() || place.value) load();
})();
