// The page of all streams: state, where each runs, input, bitrate, viewers; search, filter and sort.
import { ask } from "./api.js";
import { h, keepRows, kilobits, setClass, setText, states } from "./elements.js";

const orders = {
  name: (a, b) => (a.name < b.name ? -1 : 1),
  state: (a, b) => (a.stats.status === b.stats.status ? orders.name(a, b) : a.stats.status < b.stats.status ? -1 : 1),
  bitrate: (a, b) => b.stats.bitrate - a.stats.bitrate || orders.name(a, b),
  viewers: (a, b) => b.stats.viewers - a.stats.viewers || orders.name(a, b),
};

const filters = {
  all: () => true,
  stopped: (stream) => stream.stats.status !== "running",
  lower: (stream) => stream.inputs.length > 1 && stream.stats.active_input && stream.stats.active_input !== stream.inputs[0].url,
};

export function streamsPage(content) {
  let streams = [];
  const search = h("input", { type: "search", id: "search", oninput: draw });
  const filter = h("select", { onchange: draw },
    h("option", { value: "all" }, "all"), h("option", { value: "stopped" }, "not running"), h("option", { value: "lower" }, "on a lower input"));
  const order = h("select", { onchange: draw },
    ...["name", "state", "bitrate", "viewers"].map((name) => h("option", { value: name }, name)));
  const body = h("tbody");
  const count = h("caption", { "aria-live": "polite" });
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Streams" },
    h("table", {}, count,
      h("thead", {}, h("tr", {},
        h("th", { scope: "col" }, "Stream"), h("th", { scope: "col" }, "State"), h("th", { scope: "col" }, "Runs on"),
        h("th", { scope: "col", class: "wide" }, "Input"), h("th", { scope: "col", class: "number" }, "Bitrate"), h("th", { scope: "col", class: "number" }, "Viewers"))),
      body));
  const empty = h("div", { class: "empty", hidden: true },
    h("p", {}, "This server has no streams yet. Add one to the configuration file and reload (SIGHUP):"),
    h("pre", {}, "stream test {\n  input fake://fake;\n}"));
  content.append(h("h1", {}, "Streams"),
    h("div", { class: "tools" }, h("label", {}, "Search", search), h("label", {}, "Show", filter), h("label", {}, "Sort by", order)),
    table, empty);

  function makeRow(stream) {
    return h("tr", {},
      h("th", { scope: "row" }, h("a", { href: `#/streams/${encodeURIComponent(stream.name)}` }, stream.name), h("span", { class: "title" })),
      h("td", {}, h("span")), h("td"), h("td", { class: "wide" }), h("td", { class: "number" }), h("td", { class: "number" }));
  }

  function updateRow(row, stream) {
    const [name, state, host, input, bitrate, viewers] = row.children;
    setText(name.lastChild, stream.title && stream.title !== stream.name ? stream.title : "");
    const [kind, word] = states[stream.stats.status] ?? ["warn", stream.stats.status];
    setClass(state.firstChild, `state ${kind}`);
    setText(state.firstChild, word);
    if (state.title !== stream.stats.reason) state.title = stream.stats.reason;
    setText(host, stream.stats.running_on.join(", ") || "–");
    setText(input, stream.stats.active_input ?? "–");
    setText(bitrate, stream.stats.alive ? kilobits(stream.stats.bitrate) : "–");
    setText(viewers, String(stream.stats.viewers));
  }

  function draw() {
    const word = search.value.trim().toLowerCase();
    const shown = streams
      .filter((stream) => filters[filter.value](stream) && (!word || `${stream.name} ${stream.title}`.toLowerCase().includes(word)))
      .sort(orders[order.value]);
    setText(count, `${shown.length} of ${streams.length} streams`);
    keepRows(body, shown, (stream) => stream.name, makeRow, updateRow);
    empty.hidden = streams.length > 0;
    table.hidden = streams.length === 0;
  }

  return async () => {
    streams = (await ask("/streams")).streams;
    draw();
  };
}
