// Small helpers to build and update elements without a library, and the words and units of all pages.

/** Makes an element: h("td", { class: "number" }, "12"). Text is always text, never markup. */
export function h(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function build(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets the text of an element only when it differs, so that an idle page costs no layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only when it differs; null removes it. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value);
  }
}

export function setClass(element, value) {
  if (element.className !== value) element.className = value;
}

export function setHidden(element, value) {
  if (element.hidden !== value) element.hidden = value;
}

/** Calls `make` for new children only when the facts behind them, given as a value, have changed. */
export function redraw(element, facts, make) {
  const text = JSON.stringify(facts);
  if (element.drawnFacts === text) return;
  element.drawnFacts = text;
  element.replaceChildren(...[make()].flat(2).filter((child) => child !== null && child !== undefined));
}

/** Keeps the children of `body` equal to `items`: made once, updated in place and moved only when needed. */
export function keepRows(body, items, key, makeRow, updateRow) {
  const rows = body.rowsByKey ?? (body.rowsByKey = new Map());
  const wanted = new Set(items.map(key));
  for (const [name, row] of rows) {
    if (!wanted.has(name)) {
      row.remove();
      rows.delete(name);
    }
  }
  let place = body.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let row = rows.get(name);
    if (!row) {
      row = makeRow(item);
      rows.set(name, row);
    }
    updateRow(row, item);
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
}

/** A table that scrolls sideways in itself: [the part of the page, the body for rows]. Columns are names, or [name, class]. Of the kind `events` it is read downwards on narrow screens. */
export function table(label, columns, kind = null) {
  const body = h("tbody");
  return [h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", { class: kind }, h("thead", {}, h("tr", {}, columns.map((column) => Array.isArray(column)
      ? h("th", { scope: "col", class: column[1] }, column[0]) : h("th", { scope: "col" }, column)))), body)), body];
}

/** A row of `count` empty cells, the first of which names the row. */
export function emptyRow(count, classes = {}) {
  return h("tr", {}, Array.from({ length: count }, (_, index) =>
    index === 0 ? h("th", { scope: "row" }) : h("td", { class: classes[index] })));
}

export function setCells(row, texts) {
  texts.forEach((text, index) => { if (text !== null) setText(row.children[index], String(text)); });
}

/** A list of names and values: [the list, a function that sets a value, the elements of the values]. */
export function factList(...names) {
  const values = new Map(names.map((name) => [name, h("dd")]));
  return [h("dl", { class: "facts" }, names.map((name) => h("div", {}, h("dt", {}, name), values.get(name)))),
    (name, text) => {
      const value = values.get(name);
      setText(value, text ?? "");
      setHidden(value.parentElement, text === null || text === undefined);
    }, values];
}

/** How a state is shown: a shape and a colour (`good`, `warn`, `bad`, `idle`) and a word. */
export function setState(element, kind, word) {
  setClass(element, `state ${kind}`);
  setText(element, word);
}

export const streamStates = { running: ["good", "running"], waiting: ["warn", "waiting"], error: ["bad", "error"] };

export function stateOf(stats) {
  return streamStates[stats.status] ?? ["warn", stats.status];
}

export function peerState(peer) {
  // Its state here says how it is heard, which may be through a third server.
  if (peer.state === "indirect") return ["warn", "heard by others only"];
  return [{ alive: "good", dead: "bad", isolated: "bad", suspect: "warn", draining: "warn" }[peer.state]
    ?? (peer.state.startsWith("other") ? "bad" : "warn"), peer.state.replaceAll("_", " ")];
}

export function kilobits(value) {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} Gbit/s`;
  return value >= 1000 ? `${(value / 1000).toFixed(1)} Mbit/s` : `${Math.round(value)} kbit/s`;
}

export function bytes(value) {
  for (const [unit, size] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (value >= size) return `${(value / size).toFixed(1)} ${unit}`;
  }
  return `${Math.round(value)} B`;
}

export function span(seconds) {
  if (seconds < 10) return `${(Math.round(seconds * 10) / 10)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

/** How far another clock is ahead of ours, in milliseconds. */
export function ahead(milliseconds) {
  return milliseconds === undefined ? "–" : `${milliseconds > 0 ? "+" : ""}${Math.round(milliseconds)} ms`;
}

/** Whether two clocks differ by so much that times of the one mislead who reads the other. */
export function isFarOff(milliseconds) {
  return Math.abs(milliseconds ?? 0) > 1000;
}

const two = (value, length = 2) => String(value).padStart(length, "0");

/** Local date and time of UTC milliseconds: 2026-11-21 07:24:02. */
export function clock(milliseconds) {
  return `${day(milliseconds)} ${time(milliseconds)}`;
}

export function day(milliseconds) {
  const date = new Date(milliseconds);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function time(milliseconds) {
  const date = new Date(milliseconds);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The name of a stream as a path: its slashes stay. */
export function pathOf(name) {
  return name.split("/").map(encodeURIComponent).join("/");
}

export function streamLink(name) {
  return `#/streams/${pathOf(name)}`;
}

/** Where another server's console is. */
export function consoleOf(peer) {
  return `${(peer.public_payload_url ?? peer.api_url ?? "").replace(/\/+$/, "")}/`;
}
