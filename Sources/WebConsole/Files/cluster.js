// Cluster → Overview: each server with its state, who hears whom, and where each stream is placed and why.
import { ask } from "./api.js";
import { h, keepRows, setClass, setText, span } from "./elements.js";

export function clusterPage(content) {
  const columns = ["Server", "State", "Streams", "Viewers", "CPU", "Memory", "Uptime", "Version", "Last heard", "Clock", "Round trip"];
  const body = h("tbody");
  const matrix = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Who hears whom" });
  const placement = h("tbody");
  const alone = h("div", { class: "empty", hidden: true },
    h("p", {}, "This server is on its own. A group has the same file on each server:"),
    h("pre", {}, "cluster_key secret;\npeer one.example:8080;\npeer two.example:8080;\n\nstream cam {\n  input udp://239.0.0.1:1234;\n  cluster_ingest;\n}"));
  const group = h("div", {},
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Servers" },
      h("table", {}, h("thead", {}, h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)))), body)),
    h("h2", {}, "Who hears whom"), matrix,
    h("h2", {}, "Streams of the group"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Placement" },
      h("table", {}, h("thead", {}, h("tr", {}, ...["Stream", "Runs on", "Owner", "Why"].map((name) => h("th", { scope: "col" }, name)))), placement)));
  content.append(h("h1", {}, "Cluster overview"), alone, group);

  function updatePeer(row, peer) {
    const stats = peer.stats;
    const texts = [
      peer.is_self ? `${peer.hostname} (this server)` : peer.hostname, null,
      stats ? `${stats.streams_alive}` : "–", stats ? `${stats.clients}` : "–", stats ? `${stats.cpu} %` : "–",
      stats ? `${Math.round(stats.memory / 1e6)} MB` : "–", stats ? span(stats.uptime) : "–", stats?.version ?? "–",
      peer.is_self ? "–" : peer.last_heard === undefined ? "never" : `${(peer.last_heard / 1000).toFixed(1)} s ago`,
      peer.clock_difference === undefined ? "–" : `${Math.round(peer.clock_difference)} ms`,
      peer.round_trip === undefined ? "–" : `${peer.round_trip.toFixed(1)} ms`,
    ];
    texts.forEach((text, index) => { if (text !== null) setText(row.children[index], text); });
    const state = row.children[1].firstChild;
    setClass(state, `state ${peer.state === "alive" ? "good" : "bad"}`);
    setText(state, peer.error ? `${peer.state}: ${peer.error}` : peer.state);
  }

  function drawMatrix(peers) {
    const names = peers.map((peer) => peer.hostname);
    const text = JSON.stringify(peers.map((peer) => [peer.hostname, peer.hears]));
    if (matrix.dataset.drawn === text) return;
    matrix.dataset.drawn = text;
    matrix.replaceChildren(h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "hears →"), ...names.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...peers.map((peer) => h("tr", {}, h("th", { scope: "row" }, peer.hostname),
        ...names.map((name) => name === peer.hostname ? h("td", {}, "·")
          : h("td", { class: peer.hears.includes(name) ? "good" : "bad" }, peer.hears.includes(name) ? "yes" : "no")))))));
  }

  return async () => {
    const [{ peers }, { streams }] = await Promise.all([ask("/cluster/peers"), ask("/streams")]);
    alone.hidden = peers.length > 0;
    group.hidden = peers.length === 0;
    keepRows(body, peers, (peer) => peer.hostname,
      () => h("tr", {}, h("th", { scope: "row" }), h("td", {}, h("span")), ...columns.slice(2).map(() => h("td", { class: "number" }))), updatePeer);
    drawMatrix(peers);
    keepRows(placement, streams.filter((stream) => stream.cluster), (stream) => stream.name,
      (stream) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: `#/streams/${encodeURIComponent(stream.name)}` }, stream.name)), h("td"), h("td"), h("td")),
      (row, stream) => {
        setText(row.children[1], stream.stats.running_on.join(", ") || "–");
        setText(row.children[2], stream.cluster.owner ?? "nobody");
        setText(row.children[3], stream.cluster.reason);
      });
  };
}
