"use strict";
(() => {
  // More rows than these are laid out only when they are asked for; printed, all that fit are there.
  const MOST = 200;
  const form = document.getElementById("filter");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  const nothing = document.getElementById("nothing");
  const rows = [...document.querySelectorAll("#runs > tbody > tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase().replace(/\s+/g, " "));
  const fields = ["words", "target", "verdict"].map((name) => form.elements.namedItem(name));

  const narrow = (most) => {
    const [words, target, verdict] = fields.map((field) => field.value);
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    let fitting = 0;
    rows.forEach((row, index) => {
      const fits =
        (!target || row.dataset.target === target) &&
        (!verdict || row.dataset.verdict === verdict) &&
        wanted.every((word) => texts[index].includes(word));
      fitting += fits;
      if (row.hidden === fits) row.hidden = !fits;
      row.classList.toggle("later", fits && fitting > most);
    });
    const all = `${rows.length} ${rows.length === 1 ? "run" : "runs"}`;
    count.textContent = fitting === rows.length ? all : `${fitting} of ${all}`;
    nothing.hidden = fitting > 0;
    more.hidden = fitting <= most;
    more.textContent = `Show the other ${fitting - most}`;
  };

  form.addEventListener("input", () => narrow(MOST));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => narrow(MOST)));
  more.addEventListener("click", () => narrow(Infinity));
  form.hidden = false;
  narrow(MOST);
})();
