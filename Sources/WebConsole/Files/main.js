// Chooses the page by the address after "#", keeps it fresh, and shows when the server does not answer.
import { credentials } from "./api.js";
import { archivePage } from "./archive.js";
import { clusterPage } from "./cluster.js";
import { configPage } from "./config.js";
import { consoleOf, h, redraw, setHidden, setText, span, time } from "./elements.js";
import { eventsPage } from "./events.js";
import { Hub } from "./hub.js";
import { openSignIn, signInPage } from "./signin.js";
import { drawSituation } from "./situation.js";
import { streamPage } from "./stream.js";
import { streamsPage } from "./streams.js";

const pages = [
  [/^\/streams\/(.+)$/, streamPage],
  [/^\/cluster$/, clusterPage],
  [/^\/archive$/, archivePage],
  [/^\/events$/, eventsPage],
  [/^\/config$/, configPage],
  [/^\/streams$|^$/, streamsPage],
];
const content = document.getElementById("content");
const trouble = document.getElementById("trouble");
const server = document.getElementById("server");
const account = document.getElementById("account");
const situation = document.getElementById("situation");

const hub = new Hub();
let leave = null;

function drawTrouble() {
  const { lostAt, message, peers, facts } = hub;
  setHidden(trouble, lostAt === null);
  if (lostAt === null) return;
  const others = peers.filter((peer) => !peer.is_self);
  redraw(trouble, [lostAt, others.map((peer) => [peer.hostname, peer.state])], () => [
    h("p", {}, h("strong", {}, `${facts?.hostname ?? "This server"} has not answered since ${time(lostAt)}.`),
      " What you see is from then; the page goes on by itself when it is back.", message ? h("span", { class: "cause" }, ` (${message})`) : null),
    others.length === 0 ? null : h("p", {}, "Other servers of the group: ",
      others.map((peer, index) => [index > 0 ? " · " : "", h("a", { href: consoleOf(peer) + location.hash }, peer.hostname), peer.state === "alive" ? "" : ` (was ${peer.state})`])),
  ]);
}

function drawFrame() {
  drawTrouble();
  const { facts, access } = hub;
  if (facts) {
    setText(server, `${facts.hostname} · ${facts.version} · up ${span(facts.uptime)}`);
    document.title = hub.problemCount() > 0 ? `(${hub.problemCount()}) ${facts.hostname} – Weir` : `${facts.hostname} – Weir`;
  }
  drawSituation(situation, hub);
  setHidden(account, !access || (!access.needs_sign_in_to_view && !access.needs_sign_in_to_edit && !credentials.user));
  setText(account, credentials.user ? `Sign out ${credentials.user}` : "Sign in");
}

account.addEventListener("click", () => {
  if (!credentials.user) return openSignIn(hub);
  credentials.forget();
  hub.restart();
});

function show() {
  leave?.abort();
  leave = new AbortController();
  const { signal } = leave;
  const [address, search = ""] = decodeURI(location.hash.slice(1)).split("?");
  const [pattern, page] = pages.find(([candidate]) => candidate.test(address)) ?? pages.at(-1);
  const name = (pattern.exec(address)?.[1] ?? "").split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } }).join("/");
  for (const link of document.querySelectorAll("nav a")) {
    if (`#${address || "/streams"}`.startsWith(link.getAttribute("href"))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  content.replaceChildren();
  if (hub.access && !hub.access.may_view) {
    signInPage(content, hub);
    hub.setPage(async () => {}, signal);
  } else {
    hub.setPage(page({ content, name, parameters: new URLSearchParams(search), hub, signal }), signal);
  }
}

// The address after "#" names a page: the way past the header must not lead to another one.
document.querySelector("a.skip").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});

hub.onFrame = drawFrame;
hub.onAccess = show;
addEventListener("hashchange", () => {
  show();
  content.focus({ preventScroll: true });
  scrollTo(0, 0);
});
// 1 to 5 open the pages, as long as nobody is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "") || document.activeElement?.closest("[role=slider]")) return;
  const link = document.querySelectorAll("nav a")[Number(event.key) - 1];
  if (link && /^[1-5]$/.test(event.key)) link.click();
});
hub.start();
