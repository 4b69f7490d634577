"use strict";
// Markup comes from this server alone, which escapes every text of a run; the policy of the page runs no other script.
(() => {
  const remembered = document.querySelector(".theme");
  remembered.addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (chosen) document.cookie = `assay-theme=${chosen.dataset.theme}; path=/; samesite=strict; max-age=31536000`;
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const link = { j: "a[rel=next]", k: "a[rel=prev]" }[event.key];
    if (link && document.querySelector(link)) document.querySelector(link).click();
  });

  // -- a run under way ------------------------------------------------------------------------
  const live = document.querySelector("[data-events]");
  if (!live) return;
  const source = new EventSource(live.dataset.events);
  source.addEventListener("message", (event) => {
    for (const [id, markup] of Object.entries(JSON.parse(event.data))) document.getElementById(id).innerHTML = markup;
  });
  source.addEventListener("end", () => {
    source.close();
    location.reload();
  });
})();
