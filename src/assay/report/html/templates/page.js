"use strict";
// Every text from a run reaches the page by textContent; nothing here builds HTML from text.
(() => {
  const FIRST = 900; // characters shown before "Show all"
  const byId = (id) => document.getElementById(id);
  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  // -- flips ----------------------------------------------------------------------------------
  const place = byId("place");
  if (!place) return;
  const data = JSON.parse(byId("flip-data").textContent);
  const flips = data.flips.map(([adapter, task, prompt, base, fixed, response, checks]) => ({
    adapter, task, fixed, checks, response, prompt: data.prompts[prompt], base: data.bases[base],
  }));
  const plainText = (text) => (typeof text === "string" ? text : text[0] + text[1]);
  const reasons = (checks) => checks.map((check) => `${check[0]} ${check[2] ?? ""}`).join(" ");
  const searched = (flip) => {
    flip.search ??= [
      plainText(flip.prompt[1]), plainText(flip.base[1]), plainText(flip.response),
      reasons(flip.base[2]), reasons(flip.checks), flip.prompt[0],
    ].join("\n").toLowerCase();
    return flip.search;
  };

  const fields = {
    adapter: byId("f-adapter"), task: byId("f-task"), type: byId("f-type"),
    direction: byId("f-direction"), text: byId("f-text"),
  };
  const fill = (select, names) => {
    names.forEach((name, index) => select.append(new Option(name, String(index))));
  };
  fill(fields.adapter, data.adapters);
  fill(fields.task, data.tasks);
  if (fields.type) fill(fields.type, data.types);

  let found = flips;
  let at = 0;

  const matches = (flip) => {
    const is = (field, value) => !field || field.value === "" || Number(field.value) === value;
    const words = fields.text.value.trim().toLowerCase();
    return is(fields.adapter, flip.adapter) && is(fields.task, flip.task) && is(fields.direction, flip.fixed)
      && (!fields.type || fields.type.value === "" || flip.prompt[2].includes(Number(fields.type.value)))
      && (words === "" || searched(flip).includes(words));
  };

  const showText = (holder, text) => {
    const whole = typeof text === "string" ? text : null;
    if (whole === "") {
      holder.append(make("p", "text empty", "(no text)"));
      return;
    }
    const head = whole ?? text[0];
    const body = make("p", "text", [...head].slice(0, FIRST).join("")); // by characters: no half of a pair
    body.dir = "auto";
    holder.append(body);
    const length = [...head].length;
    if (whole !== null && length <= FIRST) return;
    body.append("…");
    const held = whole === null ? text[2] - text[3] : length;
    const more = make("button", "more", whole === null
      ? `Show ${held.toLocaleString("en")} of ${text[2].toLocaleString("en")} characters`
      : `Show all ${held.toLocaleString("en")} characters`);
    more.type = "button";
    more.addEventListener("click", () => {
      body.textContent = head;
      if (whole === null) {
        body.append(make("span", "gap", `[${text[3].toLocaleString("en")} characters left out]`), text[1]);
      }
      more.remove();
    });
    holder.append(more);
  };

  const showChecks = (holder, checks) => {
    if (!checks.length) return;
    const list = make("ul", "checks");
    for (const [name, passed, reason] of checks) {
      const item = make("li", passed ? "good" : "bad");
      item.append(make("span", "", passed ? "✓" : "✗"), `${passed ? "pass" : "fail"}: ${name}`);
      if (reason) item.append(make("span", "why", ` (${reason})`));
      list.append(item);
    }
    holder.append(list);
  };

  const side = (title, text, checks) => {
    const holder = make("div", "side");
    holder.append(make("h4", "", title));
    showChecks(holder, checks);
    showText(holder, text);
    return holder;
  };

  const show = () => {
    const article = byId("flip");
    article.replaceChildren();
    byId("previous").disabled = at <= 0;
    byId("next").disabled = at >= found.length - 1;
    if (!found.length) {
      place.textContent = `0 of ${flips.length.toLocaleString("en")} flips match`;
      article.append(make("p", "fine", "No flip matches these filters."));
      return;
    }
    place.textContent = `Flip ${(at + 1).toLocaleString("en")} of ${found.length.toLocaleString("en")}`;
    const flip = found[at];
    const name = data.adapters[flip.adapter];
    const heading = make("h3");
    heading.append(
      make("span", `tag ${flip.fixed ? "good" : "bad"}`, flip.fixed ? "▲ fixed" : "▼ broken"),
      `${name} on ${data.tasks[flip.task]}, prompt ${flip.prompt[0]}`,
    );
    const prompt = make("div", "side");
    prompt.append(make("h4", "", "Prompt"));
    showText(prompt, flip.prompt[1]);
    const sides = make("div", "sides");
    sides.append(
      side(`Base: ${flip.base[0]}`, flip.base[1], flip.base[2]),
      side(`Adapter: ${name}`, flip.response, flip.checks),
    );
    article.append(heading, prompt, sides);
  };

  const go = (step) => {
    const next = at + step;
    if (next < 0 || next >= found.length) return;
    at = next;
    show();
  };
  const filter = () => {
    found = flips.filter(matches);
    at = 0;
    show();
  };

  byId("previous").addEventListener("click", () => go(-1));
  byId("next").addEventListener("click", () => go(1));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") go(1);
    if (event.key === "k") go(-1);
  });
  for (const field of Object.values(fields)) if (field) field.addEventListener("input", filter);
  document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
