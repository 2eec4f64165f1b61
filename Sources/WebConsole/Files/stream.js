// The page of one stream: player, state and reason, inputs with counters, tracks, moves and newest events.
import { ask } from "./api.js";
import { bytes, clock, h, keepRows, kilobits, setClass, setText, span, states } from "./elements.js";

function facts(...names) {
  const values = new Map(names.map((name) => [name, h("dd")]));
  return [h("dl", { class: "facts" }, ...names.flatMap((name) => [h("dt", {}, name), values.get(name)])),
    (name, text) => setText(values.get(name), text), values];
}

function table(label, columns) {
  const body = h("tbody");
  return [h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)))), body)), body];
}

function cells(row, texts) {
  texts.forEach((text, index) => setText(row.children[index], String(text)));
}

export function streamPage(content, name) {
  const [overview, set, values] = facts("State", "Why", "Runs on", "Owner", "Bitrate", "Viewers", "On first input", "Without media", "Switches");
  const [inputs, inputRows] = table("Inputs", ["Input", "State", "Received", "Lost", "Damaged", "Retries", "Trouble"]);
  const [tracks, trackRows] = table("Tracks", ["Track", "Codec", "Language"]);
  const [events, eventRows] = table("Events", ["Time", "Event", "Reason"]);
  const [moves, moveRows] = table("Moves", ["Time", "From", "To", "Reason"]);
  const path = name.split("/").map(encodeURIComponent).join("/");
  const title = h("span", { class: "title" });
  const state = h("span");
  values.get("State").append(state);
  const movesPart = h("section", { hidden: true }, h("h2", {}, "Moves between servers"), moves);
  content.append(
    h("p", {}, h("a", { href: "#/streams" }, "All streams")), h("h1", {}, name, title),
    h("div", { class: "watch" }, h("div", {},
      h("iframe", { class: "player", src: `/${path}/embed.html?mute=true&autoplay=true`, title: `Player of ${name}`, allow: "autoplay; fullscreen" }),
      h("p", {}, h("a", { href: `/${path}/index.m3u8` }, "HLS"), " · ", h("a", { href: `/${path}/mpegts` }, "MPEG-TS"), " · ",
        h("a", { href: `/${path}/embed.html` }, "Player"))), overview),
    h("h2", {}, "Inputs"), inputs, h("h2", {}, "Tracks"), tracks, movesPart,
    h("h2", {}, "What happened"), events);

  const row = (count) => () => h("tr", {}, ...Array.from({ length: count }, () => h("td")));

  return async () => {
    const stream = await ask(`/streams/${path}`);
    const stats = stream.stats;
    setText(title, stream.title && stream.title !== name ? stream.title : "");
    const [kind, word] = states[stats.status] ?? ["warn", stats.status];
    setClass(state, `state ${kind}`);
    setText(state, word);
    set("Why", stats.reason);
    set("Runs on", stats.running_on.join(", ") || "–");
    set("Owner", stream.cluster ? `${stream.cluster.owner ?? "nobody"}: ${stream.cluster.reason}` : "–");
    set("Bitrate", kilobits(stats.bitrate));
    set("Viewers", String(stats.viewers));
    set("On first input", span(stats.seconds_on_primary));
    set("Without media", span(stats.seconds_without_data));
    set("Switches", String(stats.input_switches));
    keepRows(inputRows, stream.inputs, (input) => input.index, row(7), (tr, input) => cells(tr,
      [input.url, input.state, bytes(input.bytes), input.lost_packets + input.kernel_drops, input.damaged_frames, input.retries, input.trouble ?? ""]));
    keepRows(trackRows, stats.tracks, (track) => track.id, row(3), (tr, track) => cells(tr, [track.title, track.codec ?? "–", track.language ?? ""]));
    keepRows(eventRows, stream.last_events ?? [], (event) => event.id, row(3), (tr, event) => cells(tr, [clock(event.time), event.event, event.reason]));
    const list = stream.cluster?.moves ?? [];
    movesPart.hidden = list.length === 0;
    keepRows(moveRows, list, (move) => `${move.time}${move.to}`, row(4), (tr, move) => cells(tr, [clock(move.time), move.from ?? "–", move.to ?? "–", move.reason]));
  };
}
