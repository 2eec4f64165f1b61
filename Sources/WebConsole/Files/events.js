// What happened on this server, newest first.
import { ask } from "./api.js";
import { clock, h, keepRows, setText } from "./elements.js";

export function eventsPage(content) {
  const body = h("tbody");
  content.append(h("h1", {}, "Events"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Events" },
      h("table", {}, h("thead", {}, h("tr", {}, ...["Time", "Event", "Stream", "Server", "Reason"].map((name) => h("th", { scope: "col" }, name)))), body)));
  return async () => {
    const { events } = await ask("/events?limit=500");
    keepRows(body, events, (event) => event.id,
      () => h("tr", {}, h("td"), h("td"), h("td"), h("td"), h("td")),
      (row, event) => [clock(event.time), event.event, event.stream ?? "–", event.peer ?? event.server, event.reason]
        .forEach((text, index) => setText(row.children[index], text)));
  };
}
