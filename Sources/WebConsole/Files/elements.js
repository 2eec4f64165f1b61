// Small helpers to build and update elements without a library.

/** Makes an element: h("td", { class: "number" }, "12"). Text is always text, never markup. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets the text of an element only when it differs, so that an idle page costs no layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a class list only when it differs. */
export function setClass(element, value) {
  if (element.className !== value) element.className = value;
}

/** Keeps the rows of a table body equal to `items`: rows are made once, updated in place and moved only when needed. */
export function keepRows(body, items, key, makeRow, updateRow) {
  const rows = body.rowsByKey ?? (body.rowsByKey = new Map());
  const wanted = new Set();
  let place = body.firstElementChild;
  for (const item of items) {
    const name = key(item);
    wanted.add(name);
    let row = rows.get(name);
    if (!row) {
      row = makeRow(item);
      rows.set(name, row);
    }
    updateRow(row, item);
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
  for (const [name, row] of rows) {
    if (!wanted.has(name)) {
      row.remove();
      rows.delete(name);
    }
  }
}

export function kilobits(value) {
  return value >= 1000 ? `${(value / 1000).toFixed(1)} Mbit/s` : `${value} kbit/s`;
}

export function bytes(value) {
  for (const [unit, size] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (value >= size) return `${(value / size).toFixed(1)} ${unit}`;
  }
  return `${value} B`;
}

export function span(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

export function clock(milliseconds) {
  return new Date(milliseconds).toLocaleString(undefined, { hour12: false });
}

/** How a stream's state is shown: class and word. */
export const states = {
  running: ["good", "running"],
  waiting: ["warn", "waiting"],
  error: ["bad", "error"],
};
