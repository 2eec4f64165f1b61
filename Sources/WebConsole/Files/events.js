// Everything that happened on the servers of the group, newest first, with reasons; follows live.
import { clock, h, keepRows, setAttribute, setClass, setHidden, setText, streamLink } from "./elements.js";

// Of each server.
const most = 2000;
const bad = /lost|failed|error|dropped|unavailable|damaged|missing|away|isolated|refused/;
const good = /started|resumed|returned|found|back|opened|recovered|alive/;

/** Words and a kind for an event; the kind gives its mark a shape and a colour. */
export function eventState(event) {
  return [bad.test(event.event) ? "bad" : good.test(event.event) ? "good" : "idle", event.event.replaceAll("_", " ")];
}

export function eventsPage({ content, parameters, hub, signal }) {
  let isPaused = false;
  const stream = h("input", { type: "search", list: "event-streams", value: parameters.get("stream") ?? "", oninput: draw });
  const streamNames = h("datalist", { id: "event-streams" });
  const server = h("select", { onchange: draw }, h("option", { value: "" }, "all"));
  const word = h("input", { type: "search", id: "search", "aria-keyshortcuts": "/", oninput: draw });
  const trouble = h("input", { type: "checkbox", onchange: draw });
  const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
    isPaused = !isPaused;
    setAttribute(pause, "aria-pressed", String(isPaused));
    if (!isPaused) draw();
  } }, "Hold still");
  const live = h("span", { role: "status" });
  const body = h("tbody");
  const caption = h("caption", {});
  const unheard = h("p", { class: "warn", role: "status", hidden: true });
  const none = h("p", { class: "empty", hidden: true }, "Nothing that happened is like that.");
  const grid = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Events" },
    h("table", { class: "events" }, caption, h("thead", {}, h("tr", {}, ["Time", "Event", "About", "Server", "Reason"].map((name) => h("th", { scope: "col" }, name)))), body));
  content.append(h("h1", {}, "Events"),
    h("div", { class: "tools" }, h("label", {}, "Stream", stream, streamNames), h("label", {}, "Server", server), h("label", { class: "search" }, "Search", word),
      h("label", { class: "check" }, trouble, "Only trouble"), pause, live),
    unheard, grid, none);

  function draw() {
    const newest = hub.newestEvents();
    const wanted = word.value.trim().toLowerCase();
    const found = newest.filter((event) => (!stream.value || (event.stream ?? "").includes(stream.value.trim()))
      && (!server.value || event.peer === server.value || event.server === server.value)
      && (!trouble.checked || eventState(event)[0] === "bad")
      && (!wanted || `${event.event} ${event.stream ?? ""} ${event.peer ?? ""} ${event.reason}`.toLowerCase().includes(wanted)));
    const shown = found.slice(0, 300);
    setText(caption, `${shown.length} of ${found.length} events, newest first`);
    setHidden(none, found.length > 0);
    setHidden(grid, found.length === 0);
    keepRows(body, shown, (event) => `${event.server}/${event.id}/${event.time}`,
      (event) => h("tr", {}, h("td", { class: "time" }, clock(event.time)), h("td", {}, h("span")),
        h("td", {}, event.stream ? h("a", { href: streamLink(event.stream) }, event.stream) : event.peer ? h("a", { href: "#/cluster" }, event.peer) : "–"),
        h("td", {}, event.server), h("td", { class: "reason" }, event.reason)),
      (row, event) => {
        const [kind, text] = eventState(event);
        setClass(row.children[1].firstChild, `state ${kind}`);
        setText(row.children[1].firstChild, text);
      });
    const names = [...new Set(newest.map((event) => event.stream).filter(Boolean))].sort();
    if (streamNames.childElementCount !== names.length) streamNames.replaceChildren(...names.map((name) => h("option", { value: name })));
    const servers = [...new Set(newest.flatMap((event) => [event.peer, event.server]).filter(Boolean))].sort();
    if (server.childElementCount !== servers.length + 1) {
      const chosen = server.value;
      server.replaceChildren(h("option", { value: "" }, "all"), ...servers.map((name) => h("option", { value: name }, name)));
      server.value = servers.includes(chosen) ? chosen : "";
    }
  }

  hub.onEvent(() => { if (!isPaused) draw(); }, signal);

  let isDeep = false;
  return async () => {
    if (!isDeep) await hub.askEvents(most);
    isDeep = true;
    setClass(live, `state ${hub.isFollowing ? "good" : "warn"}`);
    setText(live, hub.isFollowing ? "following" : "connecting");
    setText(unheard, [...hub.unheard].map(([name, why]) => `${name} is not heard (${why}): what happened there since is not shown.`).join(" "));
    setHidden(unheard, hub.unheard.size === 0);
    if (!isPaused) draw();
  };
}
