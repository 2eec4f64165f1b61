// The line below the header: what is wrong now, with the way to it and what is left to do; what was done; or that all is well.
import { deedAge } from "./hub.js";
import { h, redraw, streamLink, time } from "./elements.js";

// What is left to do about a server that is not heard, or takes no part, by its state.
const remedies = {
  dead: "start it again, or repair its network",
  unknown: "start it, or correct its address",
  suspect: "wait: it may only be slow",
  other_key: "give it the same cluster_key",
  other_version: "give it the same version",
  other_streams: "give all servers the same file",
};

/** Since when a server is silent, to the minute: a line that changes with each look would be read aloud again and again. */
function silence(peer, now) {
  return peer.last_heard === undefined || !["dead", "suspect"].includes(peer.state) ? "" : `, silent since ${time(now - peer.last_heard).slice(0, 5)}`;
}

/** All that is wrong, worst first: [kind, sentence, address, what is left to do]. */
export function problems(hub) {
  const found = [];
  for (const peer of hub.peers) {
    if (peer.is_self && peer.state === "isolated") found.push(["bad", "this server hears no other server", "#/cluster", "repair its network"]);
    else if (peer.is_self && peer.state === "draining") found.push(["warn", "this server is drained: its streams are elsewhere", "#/cluster", "return it when it may work again"]);
    else if (!peer.is_self && peer.state === "draining") found.push(["warn", `${peer.hostname} is drained`, "#/cluster", "return it when it may work again"]);
    else if (peer.state === "indirect") found.push(["warn", `${peer.hostname}: heard by others only, not by this server`, "#/cluster", "repair the network between the two"]);
    else if (!peer.is_self && peer.state !== "alive") found.push(["bad", `${peer.hostname}: ${peer.state.replaceAll("_", " ")}${silence(peer, hub.facts.now)}`, "#/cluster", remedies[peer.state] ?? ""]);
  }
  const { counts } = hub;
  if (counts?.stopped > 0) found.push(["bad", `${counts.stopped} ${counts.stopped === 1 ? "stream does" : "streams do"} not run`, "#/streams?show=stopped", "see why, and look after the source"]);
  for (const store of hub.stores) {
    if (store.status !== "open") found.push(["bad", `archive ${store.root} is not open`, "#/archive", "repair the disk; it is tried again by itself"]);
    else if (store.failing_streams > 0) found.push(["bad", `${store.failing_streams} not recorded in ${store.root}`, "#/archive", "see why, and look after the disk"]);
  }
  if (counts?.lower > 0) found.push(["warn", `${counts.lower} on a lower input`, "#/streams?show=lower", "repair the better source; it is taken again by itself"]);
  if (counts?.replicating > 0) found.push(["idle", `${counts.replicating} replicating`, "#/streams?show=replicating", "nothing, it goes on by itself"]);
  return found;
}

function list(found) {
  return h("ul", {}, found.map(([kind, text, address, remedy]) => h("li", {}, h("a", { class: `state ${kind}`, href: address }, text), remedy ? h("span", { class: "remedy" }, ` To do: ${remedy}.`) : null)));
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
    ? [list(found),
      told.length === 0 ? null : h("ul", { class: "deeds" }, told.map(([at, stream, peer, what, reason]) => h("li", {}, h("span", { class: "time" }, time(at)), " ",
        stream ? h("a", { href: streamLink(stream) }, stream) : peer ? h("a", { href: "#/cluster" }, peer) : null, ` ${what}: ${reason}`)))]
    : [h("p", { class: "state good" }, hub.counts.all === 0 ? "No streams yet" : `All ${hub.counts.all} streams run`,
      hub.peers.length > 0 ? `, all ${hub.peers.length} servers hear one another` : "", "."),
    found.length > 0 ? list(found) : null]);
}
