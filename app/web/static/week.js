// A week as a grid over the fields of the form, which stay: a day's shift is dragged, or its ends moved by keys.
"use strict";

(() => {
  const grid = document.getElementById("grid");
  if (!grid) return;
  const LAST = 36 * 60, STEP = 30, DAY = 24 * 60; // a row goes on to noon of the next day

  const minutes = (text) => { const [hour, minute] = text.split(":").map(Number); return hour * 60 + minute; };
  const clock = (at) => {
    const time = ((at % DAY) + DAY) % DAY;
    return `${String(Math.floor(time / 60)).padStart(2, "0")}:${String(time % 60).padStart(2, "0")}`;
  };
  const element = (tag, name) => Object.assign(document.createElement(tag), { className: name });

  const hint = element("p", "hint");
  hint.textContent = grid.dataset.hint;
  const ticks = element("div", "shift");
  ticks.append(element("span", ""), element("div", "ticks"));
  ticks.setAttribute("aria-hidden", "true");
  for (const hour of [0, 6, 12, 18, 24, 30, 36]) {
    const tick = element("span", "");
    tick.textContent = hour % 24;
    ticks.lastChild.append(tick);
  }
  grid.append(hint, ticks);

  for (const fields of document.querySelectorAll("[data-shift]")) {
    const [start, end] = fields.querySelectorAll("input[type=time]");
    const chosen = fields.querySelector("input[type=checkbox]");
    const row = element("div", "shift"), track = element("div", "track"), bar = element("div", "bar");
    const name = element("span", "");
    name.textContent = fields.dataset.day;
    const ends = [grid.dataset.start, grid.dataset.end].map((word, which) => {
      const handle = element("button", "");
      handle.type = "button";
      handle.setAttribute("role", "slider");
      handle.setAttribute("aria-label", `${fields.dataset.day}: ${word}`);
      handle.setAttribute("aria-valuemin", "0");
      handle.setAttribute("aria-valuemax", String(LAST));
      handle.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -120, PageUp: 120 }[event.key];
        if (!by) return;
        event.preventDefault();
        const shift = now();
        shift[which] += by;
        write(shift, which);
      });
      return handle;
    });
    bar.append(...ends);
    track.append(bar);
    row.append(name, track);
    grid.append(row);

    const now = () => {
      const from = minutes(start.value || "10:00"), to = minutes(end.value || "18:00");
      return [from, to > from ? to : to + DAY];
    };
    const draw = () => {
      const [from, to] = now();
      bar.hidden = !chosen.checked;
      bar.style.left = `${(from / LAST) * 100}%`;
      bar.style.width = `${((Math.min(to, LAST) - from) / LAST) * 100}%`;
      [from, to].forEach((at, which) => {
        ends[which].setAttribute("aria-valuenow", String(Math.min(at, LAST)));
        ends[which].setAttribute("aria-valuetext", clock(at) + (at >= DAY ? " +1" : ""));
      });
    };
    // Only the end that is moved is kept within the row: a shift that was typed may go on past it.
    const write = ([from, to], which) => {
      const last = Math.max(LAST, now()[1]);
      if (which === 0) from = Math.max(0, to - DAY + STEP, Math.min(from, DAY - STEP, to - STEP));
      else {
        if (from >= DAY) from = DAY - STEP;
        to = Math.max(from + STEP, Math.min(to, from + DAY - STEP, last));
      }
      chosen.checked = true;
      start.value = clock(from);
      end.value = clock(to);
      for (const field of [start, end]) field.dispatchEvent(new Event("input", { bubbles: true }));
    };

    let begun = null;
    const at = (event) => {
      const box = track.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      return Math.round((share * LAST) / STEP) * STEP;
    };
    track.addEventListener("pointerdown", (event) => {
      const which = ends.indexOf(event.target);
      const shift = now();
      begun = which < 0 ? at(event) : shift[1 - which];
      track.setPointerCapture(event.pointerId);
    });
    track.addEventListener("pointermove", (event) => {
      if (begun === null) return;
      const here = at(event);
      if (here !== begun) write([Math.min(begun, here), Math.max(begun, here)], here < begun ? 0 : 1);
    });
    for (const over of ["pointerup", "pointercancel"]) track.addEventListener(over, () => { begun = null; });
    for (const field of [start, end, chosen]) {
      field.addEventListener("input", draw);
      field.addEventListener("change", draw);
    }
    draw();
  }
  grid.hidden = false;
})();
