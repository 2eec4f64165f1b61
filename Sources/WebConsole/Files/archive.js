// The page of the archives: stores and their disks, how long they last, what is written, dropped, deleted and fetched.
import { ask } from "./api.js";
import { bytes, emptyRow, factList, h, keepRows, setAttribute, setCells, setHidden, setState, setText, span, streamLink, table } from "./elements.js";

// How far back a rate is taken from, in milliseconds: long enough to even out the segments.
const window = 30000;

export function archivePage({ content, hub }) {
  const stores = h("div", { class: "cards" });
  const empty = h("div", { class: "empty", hidden: true }, h("h2", {}, "Nothing is recorded"),
    h("p", {}, "A ", h("code", {}, "dvr"), " line in a stream makes an archive of it, here of three days, at most 90 % of the disk:"),
    h("pre", { tabindex: "0" }, "stream cam {\n  input udp://239.0.0.1:1234;\n  dvr /storage 3d 90%;\n}"));
  const [streams, rows] = table("Recorded streams", ["Stream", "State", ["Recorded", "number"], "Replication", "Mode"]);
  const streamsPart = h("section", { hidden: true }, h("h2", {}, "Recorded streams"), streams);
  content.append(h("h1", {}, "Archive"), stores, empty, streamsPart);
  const history = new Map();
  let list = [];

  /** Bytes written a second, from the counters of the last half minute; null until two answers are there. */
  function rate(store) {
    const seen = history.get(store.root) ?? [];
    const now = performance.now();
    if (store.counters) seen.push([now, store.counters.written_bytes - store.counters.deleted_bytes, store.counters.written_bytes]);
    while (seen.length > 2 && now - seen[0][0] > window) seen.shift();
    history.set(store.root, seen);
    const [first, last] = [seen[0], seen.at(-1)];
    if (!first || last[0] - first[0] < 2500) return null;
    const seconds = (last[0] - first[0]) / 1000;
    return { net: (last[1] - first[1]) / seconds, gross: (last[2] - first[2]) / seconds };
  }

  /** Bytes that the streams of a store still fetch from other servers; null when none of them is replicated. */
  function backlog(store) {
    const replicated = list.filter((stream) => stream.replication && store.streams.includes(stream.name));
    return replicated.length === 0 ? null : replicated.reduce((sum, stream) => sum + remaining(stream), 0);
  }

  const isElsewhere = (stream) => Boolean(stream.cluster) && stream.stats.running_on.length > 0 && !stream.stats.running_on.includes(hub.facts.hostname);

  // What several servers have is fetched once.
  const remaining = (stream) => Math.max(0, ...stream.replication.peers.map((peer) => peer.remaining_bytes));

  function card(store) {
    const [facts, set] = factList("Fill forecast", "Archive here", "Disk", "Written now", "Write time", "Waiting to be written", "Dropped", "Write errors", "Deleted", "Replication");
    const state = h("span");
    const trouble = h("p", { class: "bad", hidden: true });
    const meter = h("meter", { min: "0", max: "1", low: "0.8", high: "0.9", optimum: "0", "aria-label": `How full the disk of ${store.root} is` });
    const full = h("span", { class: "faint" });
    const element = h("section", { class: "card" }, h("h2", {}, store.root), h("p", { class: "lead" }, state), trouble, h("p", { class: "meter" }, meter, full), facts);
    return Object.assign(element, { parts: { set, state, trouble, meter, full } });
  }

  function update(element, store) {
    const { set, state, trouble, meter, full } = element.parts;
    const isOpen = store.status === "open";
    // A stream of the group is recorded by the server that captures it.
    const away = list.filter((stream) => store.streams.includes(stream.name) && isElsewhere(stream)).length;
    const here = store.streams.length - away;
    setState(state, !isOpen ? "bad" : store.failing_streams > 0 ? "warn" : here > 0 ? "good" : "idle",
      !isOpen ? "not open, tried again by itself" : store.failing_streams > 0 ? `${store.failing_streams} of ${store.streams.length} streams are not recorded now` : `${here} ${here === 1 ? "stream records" : "streams record"} here${away > 0 ? `, ${away} ${away === 1 ? "is" : "are"} recorded on other servers` : ""}`);
    setText(trouble, store.trouble ?? "");
    setHidden(trouble, !store.trouble);
    const { disk_bytes: size, disk_free_bytes: free, counters } = store;
    setHidden(meter.parentElement, size === undefined);
    if (size !== undefined) {
      setAttribute(meter, "value", (1 - free / size).toFixed(4));
      setText(full, `${Math.round((1 - free / size) * 100)} % of the disk is full`);
    }
    const speed = rate(store);
    set("Fill forecast", !isOpen || free === undefined ? null : speed === null ? "measuring …"
      : speed.gross < 1 ? "nothing is written" : speed.net <= 0 ? "as much is deleted as is written" : `${span(free / speed.net)} left at ${bytes(speed.net)}/s, without deletions to come`);
    set("Archive here", bytes(store.bytes));
    set("Disk", size === undefined ? null : `${bytes(free)} free of ${bytes(size)}`);
    set("Written now", speed === null ? null : `${bytes(speed.gross)}/s`);
    set("Write time", counters?.write_seconds === undefined || counters.written_bytes === 0 ? null
      : `${(counters.write_seconds * 1000).toFixed(1)} ms on average, ${((counters.slowest_write_seconds ?? 0) * 1000).toFixed(1)} ms the slowest of the last minute`);
    set("Waiting to be written", bytes(store.queued_bytes));
    set("Dropped", !counters ? null : counters.dropped_chunks === 0 ? "nothing" : `${counters.dropped_chunks} chunks: the disk is slower than the media`);
    set("Write errors", counters ? String(counters.write_errors) : null);
    set("Deleted", !counters ? null : `${bytes(counters.deleted_bytes)} in ${counters.deleted_segments} segments since the start`);
    const waiting = backlog(store);
    set("Replication", waiting === null ? null : waiting === 0 ? "nothing waits to be fetched" : `${bytes(waiting)} wait to be fetched`);
  }

  return async () => {
    list = (await ask("/streams")).streams;
    keepRows(stores, hub.stores, (store) => store.root, card, update);
    setHidden(empty, hub.stores.length > 0);
    const recorded = list.filter((stream) => stream.stats.archive_seconds !== undefined || hub.stores.some((store) => store.streams.includes(stream.name)));
    // What needs a look comes first.
    const rank = (stream) => (stream.replication?.peers.some((peer) => peer.last_error) ? 0 : stream.stats.dvr_replication_running ? 1 : stream.stats.status === "running" ? 3 : 2);
    recorded.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
    setHidden(streamsPart, recorded.length === 0);
    keepRows(rows, recorded.slice(0, 200), (stream) => stream.name, (stream) => {
      const row = emptyRow(5, { 2: "number" });
      row.children[0].append(h("a", { href: streamLink(stream.name) }, stream.name));
      row.children[1].append(h("span"));
      return row;
    }, (row, stream) => {
      const { stats } = stream;
      if (isElsewhere(stream)) setState(row.children[1].firstChild, "idle", `recorded on ${stats.running_on[0]}`);
      else setState(row.children[1].firstChild, stats.status === "running" ? "good" : "warn", stats.status === "running" ? "recording" : stats.status);
      setCells(row, [null, null, stats.archive_seconds === undefined ? "–" : span(stats.archive_seconds),
        !stream.replication ? "–" : remaining(stream) === 0 ? "complete" : `${bytes(remaining(stream))} to fetch`, stream.replication?.mode ?? "–"]);
    });
  };
}
