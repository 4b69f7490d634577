"use strict";
// Colours, and which metrics the matrix shows: for every page.
(() => {
  const theme = document.querySelector(".theme");
  theme.hidden = false;
  theme.addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (!chosen) return;
    if (chosen.dataset.theme) document.documentElement.dataset.theme = chosen.dataset.theme;
    else delete document.documentElement.dataset.theme;
    for (const button of theme.children) button.setAttribute("aria-pressed", String(button === chosen));
  });
  for (const part of document.querySelectorAll(".js")) part.hidden = false;

  const toggle = document.getElementById("all-metrics");
  const heat = document.getElementById("heat");
  if (toggle) {
    heat.classList.add("primary-only"); // by script, so that without it every metric shows
    toggle.addEventListener("click", () => {
      const primary = heat.classList.toggle("primary-only");
      toggle.setAttribute("aria-pressed", String(!primary));
      document.getElementById("metrics-shown").hidden = !primary;
    });
  }
})();
