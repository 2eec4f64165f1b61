// Cluster → Overview: each server with its state, who hears whom, where each stream is and why; drain and return.
import { ask } from "./api.js";
import { ahead, clock, consoleOf, emptyRow, h, isFarOff, keepRows, kilobits, peerState, redraw, setCells, setHidden, setState, setText, span, stateOf, streamLink, table } from "./elements.js";
import { answers } from "./hub.js";
import { needsSignIn } from "./signin.js";

const columns = ["Server", "State", ["Streams", "number"], ["Viewers", "number"], ["CPU", "number"], ["Memory", "number"], ["In", "number"], ["Out", "number"],
  ["Up", "number"], "Version", ["Last heard", "number"], ["Clock", "number"], ["Round trip", "number"], "Action"];
const numbers = Object.fromEntries([2, 3, 4, 5, 6, 7, 8, 10, 11, 12].map((index) => [index, "number"]));

export function clusterPage({ content, hub }) {
  let placed = [];
  const [servers, body] = table("Servers", columns);
  const matrix = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Who hears whom" });
  const cut = h("p", { role: "status" });
  const search = h("input", { type: "search", id: "search", "aria-keyshortcuts": "/", oninput: drawPlaces });
  const [places, placeBody] = table("Placement", ["Stream", "State", "Runs on", "Should run on", "Since", "Why"]);
  const placeCount = h("p", { class: "faint", "aria-live": "polite" });
  const signIn = h("div", {});
  const message = h("p", { role: "status" });
  const alone = h("div", { class: "empty", hidden: true },
    h("h2", {}, "This server is on its own"),
    h("p", {}, "A group has the same file on each server; each finds itself in the list by its name (", h("code", {}, "--hostname"), "):"),
    h("pre", { tabindex: "0" }, "cluster_key secret;\npeer one.example:8080;\npeer two.example:8080;\n\nstream cam {\n  input udp://239.0.0.1:1234;\n  cluster_ingest;\n}"));
  const group = h("div", { hidden: true }, servers, signIn, message,
    h("h2", {}, "Who hears whom"), cut, matrix,
    h("h2", {}, "Where each stream runs, and why"),
    h("div", { class: "tools" }, h("label", { class: "search" }, "Search", search)), placeCount, places);
  content.append(h("h1", {}, "Cluster overview"), alone, group);

  function updatePeer(row, peer) {
    const { stats } = peer;
    const name = row.children[0];
    redraw(name, [peer.hostname, peer.is_self], () => peer.is_self ? [peer.hostname, h("span", { class: "title" }, "this server")]
      : h("a", { href: `${consoleOf(peer)}#/cluster` }, peer.hostname));
    const [kind, word] = peerState(peer);
    const [state, why] = row.children[1].children;
    setState(state, kind, word);
    setText(why, peer.error ?? "");
    const isFresh = peer.is_self || peer.state === "alive" || peer.state === "draining";
    setCells(row, [null, null,
      stats ? `${stats.streams_alive} of ${stats.streams}` : "–", stats && isFresh ? `${stats.clients}` : "–", stats && isFresh ? `${Math.round(stats.cpu)} %` : "–",
      stats && isFresh ? `${Math.round(stats.memory / 1e6)} MB` : "–", stats && isFresh ? kilobits(stats.input_kbit) : "–", stats && isFresh ? kilobits(stats.output_kbit) : "–",
      stats && isFresh ? span(stats.uptime) : "–", stats?.version ?? "–",
      peer.is_self ? "–" : peer.last_heard === undefined ? "never" : `${span(peer.last_heard / 1000)} ago`,
      ahead(peer.clock_difference),
      peer.round_trip === undefined ? "–" : `${peer.round_trip.toFixed(1)} ms`]);
    const mayOrder = hub.access.may_edit && (peer.is_self || answers.has(peer.state));
    redraw(row.children[13], [mayOrder, peer.state === "draining", peer.hostname], () => !mayOrder ? "–"
      : peer.state === "draining" ? h("button", { type: "button", class: "primary", "aria-label": `Return ${peer.hostname} to work`, onclick: () => order(peer, "return", `${peer.hostname} takes streams again.`) }, "Return")
      : h("button", { type: "button", "aria-label": `Drain ${peer.hostname}: its streams go to other servers`, onclick: () => order(peer, "drain", `The streams of ${peer.hostname} go to other servers.`) }, "Drain"));
    row.children[11].classList.toggle("warn", isFarOff(peer.clock_difference));
  }

  function drawMatrix(peers) {
    const known = (peer) => peer.is_self || ["alive", "suspect", "draining"].includes(peer.state);
    const hears = (a, b) => a.hears.includes(b.hostname);
    const oneWay = peers.flatMap((a) => peers.filter((b) => a !== b && known(a) && known(b) && hears(a, b) && !hears(b, a)).map((b) => `${a.hostname} hears ${b.hostname}, but ${b.hostname} does not hear ${a.hostname}`));
    setText(cut, oneWay.length > 0 ? `One-way cut: ${oneWay.join("; ")}.` : "");
    cut.className = oneWay.length > 0 ? "state bad" : "";
    redraw(matrix, peers.map((peer) => [peer.hostname, peer.hears, known(peer)]), () => h("table", { class: "matrix" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "hears →"), peers.map((peer) => h("th", { scope: "col" }, peer.hostname)))),
      h("tbody", {}, peers.map((a) => h("tr", {}, h("th", { scope: "row" }, a.hostname), peers.map((b) => a === b ? h("td", { class: "self" }, "itself")
        : !known(a) ? h("td", { class: "unknown" }, "unknown")
        : hears(a, b) ? h("td", { class: known(b) && !hears(b, a) ? "yes one-way" : "yes" }, known(b) && !hears(b, a) ? "yes, one way" : "yes")
        : h("td", { class: "no" }, "no")))))));
  }

  function drawPlaces() {
    const wanted = search.value.trim().toLowerCase();
    const found = placed.filter((stream) => !wanted || `${stream.name} ${stream.stats.running_on.join(" ")} ${stream.cluster.reason}`.toLowerCase().includes(wanted));
    // The streams that need a look come first; a list of thousands is searched, not read.
    const rank = (stream) => (stream.stats.running_on.length === 0 ? 0 : stream.stats.running_on[0] !== stream.cluster.owner ? 1 : 2);
    found.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
    const shown = found.slice(0, 200);
    setText(placeCount, shown.length < found.length ? `${shown.length} of ${found.length}, those away from their place first` : `${found.length} of ${placed.length}`);
    keepRows(placeBody, shown, (stream) => stream.name,
      (stream) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: streamLink(stream.name) }, stream.name)), h("td", {}, h("span")), h("td"), h("td"), h("td", { class: "time" }), h("td", { class: "reason" })),
      (row, stream) => {
        setState(row.children[1].firstChild, ...stateOf(stream.stats));
        setCells(row, [null, null, stream.stats.running_on.join(", ") || "–", stream.cluster.owner ?? "nobody", stream.cluster.since ? clock(stream.cluster.since) : "–", stream.cluster.reason]);
        row.classList.toggle("away", rank(stream) < 2);
      });
  }

  /** Any server can be drained through this one. */
  async function order(peer, word, sentence) {
    try {
      await ask(`/cluster/peers/${encodeURIComponent(peer.hostname)}/${word}`, { method: "POST" });
      setText(message, sentence);
    } catch (error) {
      setText(message, error.message);
    }
    hub.soon(0);
  }

  return async () => {
    const { peers } = hub;
    const { streams } = await ask("/streams");
    setHidden(alone, peers.length > 0);
    setHidden(group, peers.length === 0);
    keepRows(body, peers, (peer) => peer.hostname, () => {
      const row = emptyRow(columns.length, numbers);
      row.children[1].append(h("span"), h("span", { class: "why" }));
      return row;
    }, updatePeer);
    redraw(signIn, hub.access.may_edit, () => hub.access.may_edit ? null : needsSignIn(hub, "Draining and returning"));
    drawMatrix(peers);
    placed = streams.filter((stream) => stream.cluster);
    drawPlaces();
  };
}
