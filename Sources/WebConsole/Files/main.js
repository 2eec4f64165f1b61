// Chooses the page by the address after "#", refreshes it, and shows when the server does not answer.
import { ask } from "./api.js";
import { setText } from "./elements.js";
import { clusterPage } from "./cluster.js";
import { configPage } from "./config.js";
import { eventsPage } from "./events.js";
import { streamPage } from "./stream.js";
import { streamsPage } from "./streams.js";

const pages = [
  [/^#\/streams\/(.+)$/, streamPage],
  [/^#\/cluster$/, clusterPage],
  [/^#\/events$/, eventsPage],
  [/^#\/config$/, configPage],
  [/^#\/streams$|^$/, streamsPage],
];
const refreshMilliseconds = 2000;

const content = document.getElementById("content");
const trouble = document.getElementById("trouble");
const server = document.getElementById("server");
let leave = null;

/** Runs `refresh` now and again after each period, while the page is visible, until left. */
function keepFresh(refresh, signal) {
  let timer = 0;
  const turn = async () => {
    try {
      if (!document.hidden) await refresh();
      trouble.hidden = true;
    } catch (error) {
      if (signal.aborted) return;
      setText(trouble, `No fresh facts: ${error.message}. What you see may be old; trying again.`);
      trouble.hidden = false;
    }
    if (!signal.aborted) timer = setTimeout(turn, refreshMilliseconds);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  turn();
}

function show() {
  leave?.abort();
  leave = new AbortController();
  const address = location.hash;
  const [pattern, page] = pages.find(([candidate]) => candidate.test(address)) ?? pages.at(-1);
  const parameter = decodeURIComponent(pattern.exec(address)?.[1] ?? "");
  for (const link of document.querySelectorAll("nav a")) {
    const isCurrent = (address || "#/streams").startsWith(link.getAttribute("href"));
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  content.replaceChildren();
  const refresh = page(content, parameter, leave.signal);
  keepFresh(async () => {
    const [facts] = await Promise.all([ask("/config/stats"), refresh()]);
    setText(server, `${facts.hostname} · Weir ${facts.version} · ${facts.streams_alive}/${facts.streams} streams · ${facts.clients} ${facts.clients === 1 ? "viewer" : "viewers"}`);
    document.title = `${facts.hostname} – Weir`;
  }, leave.signal);
}

addEventListener("hashchange", () => { show(); content.focus({ preventScroll: true }); scrollTo(0, 0); });
show();
