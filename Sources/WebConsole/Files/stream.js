// The page of one stream: player, archive on a line of time, inputs, tracks, viewers, moves and what happened.
import { ask, Refusal } from "./api.js";
import { ArchivePlayer } from "./archive-player.js";
import { ahead, bytes, clock, consoleOf, emptyRow, factList, h, isFarOff, keepRows, kilobits, pathOf, redraw, setAttribute, setCells, setClass, setHidden, setState, setText, span, stateOf, table } from "./elements.js";
import { eventState } from "./events.js";
import { answers } from "./hub.js";
import { pictures } from "./pictures.js";
import { openSignIn } from "./signin.js";
import { archiveTable, causeText, Timeline } from "./timeline.js";

const inputStates = { playing: "good", probing: "idle", standby: "idle", waiting: "warn", failed: "bad" };
const modes = { normal: ["good", "Normal mode"], emergency: ["bad", "Emergency mode: the other server is away"], recovery: ["warn", "Recovery mode: missing parts are fetched"] };
const replicaStates = { in_sync: "good", catching_up: "warn", diverged: "bad", unreachable: "bad", unknown: "idle" };

export function streamPage({ content, name, hub, signal }) {
  const path = pathOf(name);
  const title = h("span", { class: "title" });
  const state = h("span");
  const reason = h("p", { class: "lead" });
  const missing = h("p", { class: "empty", hidden: true });
  const parts = h("div", {});
  content.append(h("p", { class: "crumb" }, h("a", { href: "#/streams" }, "All streams")), h("h1", {}, name, title), h("p", { class: "lead" }, state), reason, missing, parts);

  // The player: live in a frame of its own, the archive in this page.
  const frame = h("iframe", { class: "player", title: `Live picture of ${name}`, allow: "autoplay; fullscreen" });
  const video = h("video", { class: "player", controls: true, playsinline: true, hidden: true, "aria-label": `Archive of ${name}` });
  const note = h("p", { class: "faint", role: "status" });
  const liveButton = h("button", { type: "button", hidden: true, onclick: goLive }, "Back to live");
  const still = h("canvas", { class: "picture", width: "960", height: "540", "aria-hidden": "true" });
  const whereElse = h("p", {});
  const elsewhere = h("div", { class: "player elsewhere", hidden: true }, still, whereElse);
  const links = h("p", { class: "links" }, "Play elsewhere: ", h("a", { href: `/${path}/index.m3u8` }, "HLS"), " · ", h("a", { href: `/${path}/mpegts` }, "MPEG-TS"), " · ", h("a", { href: `/${path}/embed.html` }, "Player alone"));
  const player = new ArchivePlayer(video, (text) => setText(note, text));
  signal.addEventListener("abort", () => {
    player.stop();
    pictures.forget();
  });

  const [facts, set, values] = factList("Runs on", "Should run on", "Input", "Bitrate", "Viewers", "Switches of input", "On the first input", "On others", "Without media", "Live window", "Archive");
  const lower = h("span");
  values.get("Input").append(lower);

  // The archive.
  const timeline = new Timeline({ label: `Archive of ${name}`, play: playAt, select: drawSelection });
  const chosen = h("div", { class: "selection-part", hidden: true });
  const archiveBody = h("tbody");
  const lockRows = h("tbody");
  const locksPart = h("details", { hidden: true }, h("summary", {}, "Protected parts"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Protected parts" },
    h("table", {}, h("thead", {}, h("tr", {}, ["From", "To", "Note", "Action"].map((text) => h("th", { scope: "col" }, text)))), lockRows)));
  const rangesPart = h("details", { hidden: true }, h("summary", {}, "The archive as a table"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Parts of the archive" },
    h("table", {}, h("thead", {}, h("tr", {}, ["What", "From", "To", ["Length", "number"], "Action"].map((text) => Array.isArray(text) ? h("th", { scope: "col", class: text[1] }, text[0]) : h("th", { scope: "col" }, text)))), archiveBody)));
  const archiveFacts = h("p", { class: "faint" });
  const archivePart = h("section", { hidden: true }, h("h2", {}, "Archive"), archiveFacts, timeline.element, chosen, locksPart, rangesPart);

  const mode = h("span");
  const modeReason = h("p", {});
  const progress = h("progress", { max: "100", "aria-label": "Media of all servers that is here" });
  const [replicas, replicaRows] = table("Replication", ["With", "State", ["To fetch", "number"], ["Rate", "number"], ["Time to go", "number"], ["Fetched", "number"], ["Refused", "number"], "Equal at", ["Clock", "number"], "Last error"]);
  const replicationPart = h("section", { hidden: true }, h("h2", {}, "Replication"), h("p", { class: "lead" }, mode), modeReason, progress, replicas);

  const [inputs, inputRows] = table("Inputs", ["Input", "State", ["Priority", "number"], ["Received", "number"], ["Lost", "number"], ["Damaged", "number"], ["Resyncs", "number"], ["Retries", "number"], "Trouble"]);
  const [tracks, trackRows] = table("Tracks", [["Track", ""], "Kind", "Format", "Codec", "Language"]);
  const [viewers, viewerRows] = table("Viewers", ["From", "As", "With", ["For", "number"], ["Received", "number"], ["Skips", "number"]]);
  const [moves, moveRows] = table("Moves", ["Time", "From", "To", "Reason"], "events");
  const [events, eventRows] = table("Events", ["Time", "Event", "Reason"], "events");
  const movesPart = h("section", { hidden: true }, h("h2", {}, "Moves between servers"), moves);
  const viewersPart = h("section", {}, h("h2", {}, "Viewers"), viewers);
  const inputsPart = h("section", {}, h("h2", {}, "Inputs"), inputs);
  const tracksPart = h("section", {}, h("h2", {}, "Tracks"), tracks);
  const noViewers = h("p", { class: "faint" }, "Nobody is watching here.");
  viewersPart.append(noViewers);
  parts.append(
    h("div", { class: "watch" }, h("div", {}, elsewhere, frame, video, h("div", { class: "buttons" }, liveButton, note), links), facts),
    archivePart, replicationPart, inputsPart, tracksPart, viewersPart, movesPart,
    h("section", {}, h("h2", {}, "What happened"), events, h("p", {}, h("a", { href: `#/events?stream=${encodeURIComponent(name)}` }, "All events of this stream"))));

  function goLive() {
    player.stop();
    setHidden(video, true);
    setHidden(liveButton, true);
    setText(note, "");
    isArchive = false;
    place(lastStream);
  }

  let isArchive = false;
  let lastStream = null;

  function playAt(at) {
    isArchive = true;
    setHidden(frame, true);
    setHidden(elsewhere, true);
    frame.removeAttribute("src");
    setHidden(video, false);
    setHidden(liveButton, false);
    player.play(name, at);
  }

  const clockTimer = setInterval(() => timeline.setPlaying(isArchive ? player.position : null), 500);
  signal.addEventListener("abort", () => clearInterval(clockTimer));

  /** Where the live picture is: here, or on the server that captures the stream. */
  function place(stream) {
    if (isArchive || !stream) return;
    const holder = stream.stats.running_on[0];
    const isHere = !holder || holder === hub.facts?.hostname;
    setHidden(frame, !isHere);
    setHidden(elsewhere, isHere);
    if (isHere && !frame.getAttribute("src")) frame.src = `/${path}/embed.html?mute=true&autoplay=true`;
    if (!isHere) frame.removeAttribute("src");
    const peer = hub.peers.find((candidate) => candidate.hostname === holder);
    pictures.want(still, isHere || !stream.stats.alive ? null : name, holder);
    redraw(whereElse, [holder, peer && consoleOf(peer)], () => [`${holder} captures this stream. `,
      peer ? h("a", { href: `${consoleOf(peer)}#/streams/${path}` }, `Watch it on ${holder}`) : null]);
  }

  function isElsewhere() {
    const holder = lastStream?.stats.running_on[0];
    return Boolean(lastStream?.cluster) && Boolean(holder) && holder !== hub.facts?.hostname;
  }

  function drawSelection(selection) {
    setHidden(chosen, !selection);
    if (!selection) return;
    const [from, to] = selection.map((at) => Math.round(at / 100) / 10);
    const length = Math.round((to - from) * 10) / 10;
    redraw(chosen, [from, to, hub.access.may_edit], () => {
      const noteField = h("input", { name: "note", maxlength: "200" });
      return [h("p", {}, h("strong", {}, `${clock(from * 1000)} – ${clock(to * 1000)}`), ` · ${span(length)}`),
        h("div", { class: "buttons" },
          h("button", { type: "button", onclick: () => playAt(from * 1000) }, "Play"),
          h("a", { class: "button", href: `/${path}/archive-${Math.floor(from)}-${Math.max(1, Math.ceil(length))}.mp4`, download: `${name.replaceAll("/", "_")}-${Math.floor(from)}.mp4` }, "Export MP4"),
          h("a", { class: "button", href: `/${path}/archive-${Math.floor(from)}-${Math.max(1, Math.ceil(length))}.ts`, download: `${name.replaceAll("/", "_")}-${Math.floor(from)}.ts` }, "Export MPEG-TS"),
          hub.access.may_edit
            ? [h("label", { class: "inline" }, "Note", noteField), h("button", { type: "button", onclick: () => protect(from, to, noteField.value) }, "Protect")]
            : h("button", { type: "button", onclick: () => openSignIn(hub) }, "Sign in to protect"),
          h("button", { type: "button", class: "quiet", onclick: () => timeline.clearSelection() }, "Clear"))];
    });
  }

  async function protect(from, to, text) {
    try {
      await ask(`/streams/${path}/dvr/locks?from=${from}&to=${to}${text ? `&note=${encodeURIComponent(text)}` : ""}`, { method: "POST" });
      setText(note, "Protected: it is not deleted until the protection is ended.");
      timeline.clearSelection();
    } catch (error) {
      setText(note, error.message);
    }
    await drawArchive();
  }

  async function unlock(id) {
    try {
      await ask(`/streams/${path}/dvr/locks?id=${id}`, { method: "DELETE" });
    } catch (error) {
      setText(note, error.message);
    }
    await drawArchive();
  }

  async function drawArchive() {
    let archive, locks;
    if (!hub.stores.some((store) => store.streams.includes(name))) return setHidden(archivePart, true);
    try {
      [archive, { locks }] = await Promise.all([ask(`/streams/${path}/dvr/ranges`), ask(`/streams/${path}/dvr/locks`)]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setHidden(archivePart, false);
      setText(archiveFacts, error.message);
      return;
    }
    const now = hub.facts?.now ?? Date.now();
    setHidden(archivePart, false);
    const hole = archive.gaps.reduce((sum, gap) => sum + gap.closed_at - gap.opened_at, 0) / 1000;
    setText(archiveFacts, archive.ranges.length === 0 ? (isElsewhere() ? `Nothing is recorded here: ${lastStream.stats.running_on[0]} captures the stream and records it.` : "Nothing is recorded yet.") : `${span(archive.duration)} of media, ${bytes(archive.bytes)}, from ${clock(archive.from * 1000)}`
      + (archive.gaps.length > 0 ? `; ${archive.gaps.length} ${archive.gaps.length === 1 ? "gap" : "gaps"}, ${span(hole)} missing, the last: ${causeText(archive.gaps.at(-1).cause)}.` : "; no gap."));
    // Who captured what is told beside the ranges: a fetched part lies over what is recorded.
    const fetched = (archive.origins ?? []).filter((part) => part.fetched).map((part) => ({ ...part, fetched_from: part.origin }));
    timeline.set({ ranges: [...archive.ranges, ...fetched], gaps: archive.gaps, locks, now });
    archiveTable(archiveBody, { ranges: fetched.length > 0 ? archive.origins.map((part) => (part.fetched ? { ...part, fetched_from: part.origin } : part)) : archive.ranges, gaps: archive.gaps }, playAt);
    setHidden(locksPart, locks.length === 0);
    redraw(lockRows, [locks, hub.access.may_edit], () => locks.map((lock) => h("tr", {}, h("td", {}, clock(lock.opened_at)), h("td", {}, clock(lock.closed_at)), h("td", {}, lock.note || "–"),
      h("td", {}, hub.access.may_edit ? h("button", { type: "button", onclick: () => unlock(lock.id), "aria-label": `End the protection from ${clock(lock.opened_at)}` }, "End protection") : "–"))));
  }

  /** How the archive stands to those of other servers: there for streams with `replicate` only. */
  function drawReplication({ replication, stats }) {
    setHidden(replicationPart, !replication);
    if (!replication) return;
    const [kind, words] = modes[replication.mode] ?? ["warn", replication.mode];
    setState(mode, kind, words);
    const here = stats.dvr_replication === undefined ? "" : `${Math.floor(stats.dvr_replication * 10) / 10} % of what all servers have is here.`;
    setText(modeReason, `${replication.reason[0].toUpperCase()}${replication.reason.slice(1)}, since ${clock(replication.since)}. ${here}`.trim());
    if (stats.dvr_replication !== undefined) setAttribute(progress, "value", stats.dvr_replication);
    setHidden(progress, stats.dvr_replication === undefined);
    keepRows(replicaRows, replication.peers, (peer) => peer.peer, () => {
      const row = emptyRow(10, { 2: "number", 3: "number", 4: "number", 5: "number", 6: "number", 8: "number" });
      row.children[1].append(h("span"));
      return row;
    }, (row, peer) => {
      setState(row.children[1].firstChild, replicaStates[peer.state] ?? "idle", peer.state.replaceAll("_", " "));
      setCells(row, [peer.peer, null, peer.remaining > 0 ? `${span(peer.remaining)}, ${bytes(peer.remaining_bytes)}` : "nothing", `${bytes(peer.rate)}/s`,
        peer.time_to_go === undefined ? "–" : span(peer.time_to_go), `${span(peer.fetched)}, ${bytes(peer.fetched_bytes)}`, peer.refused_segments,
        peer.in_sync_at === undefined ? "–" : clock(peer.in_sync_at), ahead(peer.clock_difference), peer.last_error ?? ""]);
      row.children[8].classList.toggle("warn", isFarOff(peer.clock_difference));
    });
  }

  /** What the server that captures the stream says of it; null when that is this one, or it says nothing. */
  async function askHolder(stream) {
    const peer = hub.peers.find((candidate) => candidate.hostname === stream.stats.running_on[0]);
    if (!peer || peer.is_self || !answers.has(peer.state)) return null;
    try {
      return (await ask(`/cluster/peers/${encodeURIComponent(peer.hostname)}/streams?name=${encodeURIComponent(name)}`)).streams[0] ?? null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return null;
    }
  }

  return async () => {
    let stream;
    try {
      stream = await ask(`/streams/${path}`);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 404) throw error;
      setText(missing, `${error.message}.`);
      setHidden(missing, false);
      setHidden(parts, true);
      player.stop();
      frame.removeAttribute("src");
      return;
    }
    lastStream = stream;
    setHidden(missing, true);
    setHidden(parts, false);
    const { stats } = stream;
    setText(title, stream.title && stream.title !== name ? stream.title : "");
    setState(state, ...stateOf(stats));
    setText(reason, stats.reason);
    place(stream);
    set("Runs on", stats.running_on.join(", ") || "–");
    set("Should run on", stream.cluster ? `${stream.cluster.owner ?? "nobody"}: ${stream.cluster.reason}` : null);
    const there = await askHolder(stream);
    const [active, inputCount, url] = there ? [there.input ?? -1, there.inputs, there.active_input]
      : [stream.inputs.findIndex((input) => input.state === "playing"), stream.inputs.length, stats.active_input];
    setText(lower, active < 0 ? "–" : `${active + 1} of ${inputCount}: ${url}`);
    setClass(lower, active > 0 ? "state warn" : "");
    const bitrate = there?.bitrate ?? stats.bitrate;
    set("Bitrate", stats.alive && bitrate > 0 ? kilobits(bitrate) : "–");
    set("Viewers", there?.viewers > 0 ? `${stats.viewers + there.viewers}: ${stats.viewers} here, ${there.viewers} on ${stats.running_on[0]}` : String(stats.viewers));
    set("Switches of input", String(stats.input_switches));
    set("On the first input", span(stats.seconds_on_primary));
    set("On others", stats.seconds_on_others > 0 ? span(stats.seconds_on_others) : null);
    set("Without media", span(stats.seconds_without_data));
    set("Live window", stats.first_time ? `${span((stats.last_time - stats.first_time) / 1000)}, ${bytes(stats.window_bytes)}` : null);
    set("Archive", stats.archive_seconds === undefined ? null : span(stats.archive_seconds));
    drawReplication(stream);
    keepRows(inputRows, stream.inputs, (input) => input.index, () => {
      const row = emptyRow(9, { 2: "number", 3: "number", 4: "number", 5: "number", 6: "number", 7: "number" });
      row.children[0].className = "url";
      row.children[1].append(h("span"));
      return row;
    }, (row, input) => {
      setState(row.children[1].firstChild, inputStates[input.state] ?? "idle", input.state);
      setCells(row, [input.url, null, input.priority, bytes(input.bytes), input.lost_packets + input.kernel_drops, input.damaged_frames, input.resyncs, input.retries, input.trouble ?? ""]);
    });
    // The server that captures the stream has them.
    setHidden(inputsPart, stream.inputs.length === 0);
    setHidden(tracksPart, stats.tracks.length === 0);
    keepRows(trackRows, stats.tracks, (track) => track.id, () => emptyRow(5), (row, track) => setCells(row, [track.id, track.content, track.title, track.codec ?? "–", track.language ?? "–"]));
    keepRows(moveRows, [...(stream.cluster?.moves ?? [])].reverse(), (move) => `${move.time}${move.to}${move.from}`, () => h("tr", {}, h("td", { class: "time" }), h("td"), h("td"), h("td", { class: "reason" })),
      (row, move) => setCells(row, [clock(move.time), move.from ?? "–", move.to ?? "–", move.reason]));
    setHidden(movesPart, (stream.cluster?.moves ?? []).length === 0);
    keepRows(eventRows, stream.last_events ?? [], (event) => `${event.id}/${event.time}`,
      (event) => h("tr", {}, h("td", { class: "time" }, clock(event.time)), h("td", {}, h("span", { class: `state ${eventState(event)[0]}` }, eventState(event)[1])), h("td", { class: "reason" }, event.reason)), () => {});
    const [{ sessions }] = await Promise.all([ask(`/sessions?name=${encodeURIComponent(name)}&limit=100`), drawArchive()]);
    const now = hub.facts?.now ?? Date.now();
    keepRows(viewerRows, sessions, (session) => session.id, () => emptyRow(6, { 3: "number", 4: "number", 5: "number" }),
      (row, session) => setCells(row, [session.ip, session.proto, session.user_agent ?? "–", span(Math.max(0, (now - session.opened_at) / 1000)), bytes(session.bytes), session.skips]));
    setHidden(viewers, sessions.length === 0);
    setHidden(noViewers, sessions.length > 0);
  };
}
