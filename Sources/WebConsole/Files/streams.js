// The page of all streams: only the rows in sight exist, however many streams there are.
import { h, kilobits, setAttribute, setHidden, setState, setText, span, stateOf, streamLink } from "./elements.js";
import { pictures } from "./pictures.js";

const columns = [
  ["name", "Stream", ""], ["state", "State", ""], ["server", "Server", "middle"], ["input", "Input", "wide"],
  ["bitrate", "Bitrate", "number middle"], ["viewers", "Viewers", "number narrow-away"], ["archive", "Archive", "number wide"],
];
const filterNames = { all: "All", stopped: "Not running", lower: "On a lower input", replicating: "Replicating", here: "On this server" };
// Rows beyond the edge of the window, so that quick scrolling shows rows at once.
const margin = 12;
// The list as it was left, for the way back from a stream.
const kept = { word: "", filter: "all", order: "name", descending: false, scroll: 0 };

export function streamsPage({ content, parameters, hub, signal }) {
  if (parameters.get("show") in filterNames) kept.filter = parameters.get("show");
  let rowHeight = 46;
  let total = 0;
  const live = new Map();

  const search = h("input", { type: "search", id: "search", "aria-keyshortcuts": "/", value: kept.word, autocomplete: "off", oninput: () => ask({ word: search.value }) });
  const buttons = new Map(Object.entries(filterNames).map(([name, text]) => [name,
    h("button", { type: "button", class: "chip", onclick: () => ask({ filter: name }) }, text, " ", h("span", { class: "count" }))]));
  const heads = new Map(columns.map(([name, text, kind]) => [name, h("th", { scope: "col", class: kind },
    h("button", { type: "button", class: "sort", onclick: () => ask({ order: name, descending: kept.order === name ? !kept.descending : ["bitrate", "viewers", "archive"].includes(name) }) }, text))]));
  const above = h("td");
  const below = h("td");
  const body = h("tbody");
  const caption = h("caption", { "aria-live": "polite" });
  const grid = h("table", { class: "streams" }, caption, h("thead", {}, h("tr", {}, [...heads.values()])),
    h("tbody", { "aria-hidden": "true", class: "space" }, h("tr", {}, above)), body,
    h("tbody", { "aria-hidden": "true", class: "space" }, h("tr", {}, below)));
  const region = h("div", { class: "list" }, grid);
  const empty = h("div", { class: "empty", hidden: true },
    h("h2", {}, "This server has no streams yet"),
    h("p", {}, "Write one into the configuration and apply it. This one is a test picture and needs no source:"),
    h("pre", { tabindex: "0" }, "stream test {\n  input fake://fake;\n}"),
    h("p", {}, "Do it on the page ", h("a", { href: "#/config" }, "Configuration"), ", or in the file, and then:"),
    h("pre", { tabindex: "0" }, "kill -HUP $(pidof weir)"),
    h("p", {}, "A source on the network: ", h("code", {}, "input udp://239.0.0.1:1234;"), " or ", h("code", {}, "input tshttp://camera.example/live;"), ". ",
      "Record three days of it: ", h("code", {}, "dvr /storage 3d;"), "."));
  const nothing = h("p", { class: "empty", hidden: true }, "No stream is like that. ", h("button", { type: "button", onclick: () => { search.value = ""; ask({ word: "", filter: "all" }); } }, "Show all"));
  content.append(h("h1", {}, "Streams"),
    h("div", { class: "tools" }, h("label", { class: "search" }, "Search", search), h("div", { class: "chips", role: "group", "aria-label": "Show" }, [...buttons.values()])),
    region, nothing, empty);

  function ask(change) {
    Object.assign(kept, change);
    for (const [name, button] of buttons) setAttribute(button, "aria-pressed", String(kept.filter === name));
    for (const [name, head] of heads) setAttribute(head, "aria-sort", kept.order === name ? (kept.descending ? "descending" : "ascending") : null);
    const { word, filter, order, descending } = kept;
    hub.worker.postMessage({ kind: "query", query: { word, filter, order, descending } });
  }

  function range() {
    const top = Math.max(0, -body.parentElement.getBoundingClientRect().top);
    const first = Math.max(0, Math.floor(top / rowHeight) - margin);
    return { first, count: Math.ceil(innerHeight / rowHeight) + 2 * margin };
  }

  let isAsked = false;
  function look() {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      if (!signal.aborted) hub.worker.postMessage({ kind: "range", range: range() });
    });
  }

  function makeRow() {
    return h("tr", {},
      h("th", { scope: "row" }, h("div", {}, h("canvas", { class: "picture", width: "96", height: "54", "aria-hidden": "true" }), h("span", { class: "name" }, h("a"), h("span", { class: "title" })))),
      h("td", {}, h("span"), h("span", { class: "why" })), h("td", { class: "middle" }), h("td", { class: "wide" }, h("span", { class: "badge" }), h("span", { class: "url" })),
      h("td", { class: "number middle" }), h("td", { class: "number narrow-away" }), h("td", { class: "number wide" }));
  }

  function fill(row, stream, index) {
    const [name, state, server, input, bitrate, viewers, archive] = row.children;
    const [picture, words] = name.firstChild.children;
    setAttribute(row, "aria-rowindex", index + 2);
    setAttribute(words.firstChild, "href", streamLink(stream.name));
    setText(words.firstChild, stream.name);
    setText(words.lastChild, stream.title);
    const [kind, word] = stateOf(stream);
    setState(state.firstChild, kind, word);
    setText(state.lastChild, stream.status === "running" && !(stream.input > 0) ? "" : stream.reason);
    setAttribute(state, "title", stream.reason);
    setText(server, stream.server || "–");
    setAttribute(server, "title", stream.server);
    setText(input.firstChild, stream.input === null ? "" : `${stream.input + 1} of ${stream.inputs}`);
    setAttribute(input.firstChild, "class", stream.input > 0 ? "badge lower" : "badge");
    setText(input.lastChild, stream.url || "–");
    setAttribute(input, "title", stream.url);
    setText(bitrate, stream.alive && stream.bitrate > 0 ? kilobits(stream.bitrate) : "–");
    setText(viewers, String(stream.viewers));
    setAttribute(archive, "title", stream.mode ? `replication: ${stream.mode}` : null);
    setText(archive, stream.archive === null ? "–" : span(stream.archive) + (stream.replication === null ? "" : ` ↻ ${Math.round(stream.replication)} %`));
    // Whose picture it is shows only when the name of this server is known.
    const home = hub.facts?.hostname;
    pictures.want(picture, home && stream.alive && stream.video ? stream.name : null, stream.server.split(", ").includes(home) ? null : stream.server);
  }

  function draw({ counts, shown, first, rows, error }) {
    total = counts.all;
    for (const [name, button] of buttons) {
      setText(button.lastChild, String(counts[name]));
      setHidden(button, name !== "all" && name !== "stopped" && counts[name] === 0 && kept.filter !== name);
    }
    setText(caption, `${shown} of ${total} ${total === 1 ? "stream" : "streams"}`);
    setAttribute(grid, "aria-rowcount", shown + 1);
    setHidden(empty, total > 0);
    setHidden(region, shown === 0);
    setHidden(nothing, total === 0 || shown > 0);
    // Rows keep the stream that they show, so that the focus and the picture stay with it.
    const names = new Set(rows.map((stream) => stream.name));
    const free = [...live].filter(([name]) => !names.has(name));
    let place = body.firstElementChild;
    rows.forEach((stream, index) => {
      let row = live.get(stream.name);
      if (!row) {
        const [old, reused] = free.pop() ?? [null, makeRow()];
        if (old !== null) live.delete(old);
        row = reused;
        live.set(stream.name, row);
      }
      fill(row, stream, first + index);
      if (row === place) place = place.nextElementSibling;
      else body.insertBefore(row, place);
    });
    for (const [name, row] of free) {
      if (live.get(name) === row) live.delete(name);
      if (!rows.some((stream) => live.get(stream.name) === row)) row.remove();
    }
    if (body.firstElementChild) {
      const height = body.firstElementChild.offsetHeight;
      if (height > 0 && Math.abs(height - rowHeight) > 0.5) { rowHeight = height; look(); }
    }
    above.style.height = `${first * rowHeight}px`;
    below.style.height = `${Math.max(0, shown - first - rows.length) * rowHeight}px`;
    if (kept.scroll > 0 && shown > 0) {
      const scroll = kept.scroll;
      kept.scroll = 0;
      scrollTo(0, scroll);
    }
  }

  hub.onRows(draw, signal);
  addEventListener("scroll", look, { passive: true, signal });
  addEventListener("resize", look, { passive: true, signal });
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      search.focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey && !event.ctrlKey && !event.metaKey) {
      const row = document.activeElement?.closest("tbody tr");
      const next = row && body.contains(row) ? (event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling)
        : document.activeElement === search && event.key === "ArrowDown" ? body.firstElementChild : null;
      if (next) {
        event.preventDefault();
        next.querySelector("a").focus();
      }
    }
  }, { signal });
  signal.addEventListener("abort", () => {
    hub.worker.postMessage({ kind: "fast", value: false });
    pictures.forget();
  });
  // Leaving by a link comes before the page is taken down and its scroll position with it.
  content.addEventListener("click", (event) => { if (event.target.closest("a")) kept.scroll = scrollY; }, { signal });
  // The whole row opens its stream, with the keys that were held; who marks text does not want to leave.
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (!row || event.target.closest("a") || !getSelection().isCollapsed) return;
    row.querySelector("a").dispatchEvent(new MouseEvent("click", event));
  });
  ask({});
  hub.worker.postMessage({ kind: "range", range: { first: 0, count: Math.ceil(innerHeight / rowHeight) + 2 * margin } });
  hub.worker.postMessage({ kind: "fast", value: true });
  return async () => {};
}
