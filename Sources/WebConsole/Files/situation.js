// The line below the header: what is wrong now, with the way to it; or that nothing is.
import { deedAge } from "./hub.js";
import { h, redraw, streamLink, time } from "./elements.js";

/** All that is wrong, worst first: [kind, sentence, address]. */
export function problems(hub) {
  const found = [];
  for (const peer of hub.peers) {
    if (peer.is_self && peer.state === "isolated") found.push(["bad", "this server hears no other server", "#/cluster"]);
    else if (peer.is_self && peer.state === "draining") found.push(["warn", "this server is drained: its streams are elsewhere", "#/cluster"]);
    else if (!peer.is_self && peer.state === "draining") found.push(["warn", `${peer.hostname} is drained`, "#/cluster"]);
    else if (peer.state === "indirect") found.push(["warn", `${peer.hostname}: heard by others only, not by this server`, "#/cluster"]);
    else if (!peer.is_self && peer.state !== "alive") found.push(["bad", `${peer.hostname}: ${peer.state.replaceAll("_", " ")}${peer.last_heard === undefined ? "" : `, silent for ${Math.round(peer.last_heard / 1000)} s`}`, "#/cluster"]);
  }
  const { counts } = hub;
  if (counts?.stopped > 0) found.push(["bad", `${counts.stopped} ${counts.stopped === 1 ? "stream does" : "streams do"} not run`, "#/streams?show=stopped"]);
  for (const store of hub.stores) {
    if (store.status !== "open") found.push(["bad", `archive ${store.root} is not open`, "#/archive"]);
    else if (store.failing_streams > 0) found.push(["bad", `${store.failing_streams} not recorded in ${store.root}`, "#/archive"]);
  }
  if (counts?.lower > 0) found.push(["warn", `${counts.lower} on a lower input`, "#/streams?show=lower"]);
  if (counts?.replicating > 0) found.push(["idle", `${counts.replicating} replicating`, "#/streams?show=replicating"]);
  return found;
}

export function drawSituation(element, hub) {
  if (!hub.facts || !hub.counts) return;
  const found = problems(hub);
  const alive = hub.peers.filter((peer) => peer.state === "alive").length;
  const isTrouble = found.some(([kind]) => kind !== "idle");
  // One deed for each stream and server, so that many events of one kind do not push out the others.
  const subjects = new Set();
  const moves = hub.moves.filter((move) => move.time > hub.facts.now - deedAge)
    .map((move) => ({ ...move, event: `moved from ${move.from} to ${move.to ?? "nobody"}` }));
  // A stream that has moved begins with an input on its new server: that is part of the move.
  const isStart = (event) => event.event === "input_switched" && moves.some((move) => move.stream === event.stream && Math.abs(event.time - move.time) < 20000);
  const deeds = !isTrouble ? [] : [...hub.deeds.filter((event) => !isStart(event)), ...moves].sort((a, b) => b.time - a.time).filter((event) => {
    const subject = event.stream ?? event.peer ?? event.event;
    return !subjects.has(subject) && subjects.add(subject);
  }).slice(0, 3);
  const told = deeds.map((event) => [event.time, event.stream, event.peer, event.event.replaceAll("_", " "), event.reason]);
  redraw(element, [found, hub.counts.all, alive, hub.peers.length, told], () => isTrouble
    ? [h("ul", {}, found.map(([kind, text, address]) => h("li", {}, h("a", { class: `state ${kind}`, href: address }, text)))),
      told.length === 0 ? null : h("ul", { class: "deeds" }, told.map(([at, stream, peer, what, reason]) => h("li", {}, h("span", { class: "time" }, time(at)), " ",
        stream ? h("a", { href: streamLink(stream) }, stream) : peer ? h("a", { href: "#/cluster" }, peer) : null, ` ${what}: ${reason}`)))]
    : [h("p", { class: "state good" }, hub.counts.all === 0 ? "No streams yet" : `All ${hub.counts.all} streams run`,
      hub.peers.length > 0 ? `, all ${hub.peers.length} servers hear one another` : "", "."),
    found.length > 0 ? h("ul", {}, found.map(([kind, text, address]) => h("li", {}, h("a", { class: `state ${kind}`, href: address }, text)))) : null]);
}
