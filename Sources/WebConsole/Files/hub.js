// What all pages share: the facts about server and group, the stream of events, the worker with the list of streams.
import { ask, credentials, follow } from "./api.js";

const period = 2000;
// Servers in these states can be asked.
export const answers = new Set(["alive", "draining", "suspect"]);
// Of all servers together.
const mostEvents = 5000;
// Events come in bursts; the page is asked for once after each.
const settle = 150;
// What counts as done about a trouble, and how long it is worth telling, in milliseconds.
const isDeed = /^(stream_given_up|input_switched|peer_lost|peer_returned|isolated|isolation_ended|recording_.*|configuration_changed|drain.*)$/;
export const deedAge = 900000;

export class Hub {
  /** Answers of the API, as they came last. */
  facts = null;
  peers = [];
  stores = [];
  access = null;
  counts = null;
  /** What happened, by server, stream and time: of every server of the group. */
  events = new Map();
  /** Servers whose events cannot be had now, with the reason. */
  unheard = new Map();
  /** The newest moves of streams between servers, newest first: the group's, not only this server's. */
  moves = [];
  errors = 0;
  /** Since when the server does not answer, in milliseconds; null while it does. */
  lostAt = null;
  message = "";
  isFollowing = false;
  onFrame = () => {};
  onAccess = () => {};

  #refresh = null;
  #signal = null;
  #timer = 0;
  #isTurning = false;
  #rowListeners = new Set();
  #eventListeners = new Set();
  #following = null;
  /** By server: where its events were read to. */
  #positions = new Map();

  constructor() {
    this.worker = new Worker("/console/streams-worker.js", { type: "module" });
    this.worker.onmessage = ({ data }) => {
      if (data.kind !== "rows") return;
      this.counts = data.counts;
      this.errors = data.error;
      this.moves = data.moves;
      for (const listener of this.#rowListeners) listener(data);
      this.onFrame();
    };
    // A browser opens few connections to one server: tabs out of sight leave theirs to the others.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#following?.abort();
      else if (this.access?.may_view) this.#begin();
      if (!document.hidden) this.soon();
    });
  }

  async start() {
    await this.#turn();
  }

  /** After signing in or out. */
  restart() {
    this.access = null;
    this.#following?.abort();
    this.#following = null;
    this.soon();
  }

  /** The page that is shown now: `refresh` is called at once, after each event and every two seconds. */
  setPage(refresh, signal) {
    this.#refresh = refresh;
    this.#signal = signal;
    this.soon(0);
  }

  onRows(listener, signal) {
    this.#rowListeners.add(listener);
    signal.addEventListener("abort", () => this.#rowListeners.delete(listener));
  }

  onEvent(listener, signal) {
    this.#eventListeners.add(listener);
    signal.addEventListener("abort", () => this.#eventListeners.delete(listener));
  }

  soon(delay = settle) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), delay);
  }

  /** How many things are wrong, for the title of the window. */
  problemCount() {
    const peers = this.peers.filter((peer) => !["alive", "draining"].includes(peer.state)).length;
    return peers + (this.counts?.stopped ?? 0) + this.stores.filter((store) => store.status !== "open" || store.failing_streams > 0).length;
  }

  async #turn() {
    clearTimeout(this.#timer);
    if (this.#isTurning) return this.soon();
    this.#isTurning = true;
    try {
      if (!document.hidden || !this.facts) await this.#ask();
    } finally {
      this.#isTurning = false;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), period);
  }

  async #ask() {
    const signal = this.#signal;
    try {
      const access = await ask("/access");
      const isNew = JSON.stringify(access) !== JSON.stringify(this.access);
      this.access = access;
      if (isNew) {
        this.onAccess();
        if (access.may_view) this.#begin();
      }
      if (access.may_view) {
        const [facts, { peers }, { dvrs }] = await Promise.all([ask("/config/stats"), ask("/cluster/peers"), ask("/dvrs")]);
        const hadHost = this.facts?.hostname === facts.hostname;
        Object.assign(this, { facts, peers, stores: dvrs });
        if (!hadHost) this.worker.postMessage({ kind: "host", host: facts.hostname });
        this.worker.postMessage({ kind: "peers", peers: peers.filter((peer) => !peer.is_self && answers.has(peer.state)).map((peer) => peer.hostname) });
        await this.askEvents();
        await (isNew ? null : this.#refresh?.());
      }
      this.lostAt = null;
      this.onFrame();
      if (isNew) this.soon(0);
    } catch (error) {
      if (signal?.aborted && signal !== this.#signal) return;
      // An answer, even a refusal, is no sign of a dead server: the page that asked shows it.
      if (error.status && error.status !== 401) {
        this.lostAt = null;
      } else if (error.status === 401) {
        this.access = null;
      } else {
        this.lostAt ??= Date.now();
        this.message = error.name === "TimeoutError" ? "no answer in time" : "no connection";
      }
      this.onFrame();
    }
  }

  /** What was done of late, newest first. */
  get deeds() {
    return this.newestEvents().filter((event) => event.time > this.facts.now - deedAge && isDeed.test(event.event)
      && !/^(first start|the stream starts with input 1$)/.test(event.reason)).slice(0, 50);
  }

  newestEvents() {
    return this.#sorted ??= [...this.events.values()].sort((a, b) => b.time - a.time || b.id - a.id);
  }
  #sorted = null;

  #keep(events) {
    if (events.length === 0) return;
    for (const event of events) this.events.set(`${event.server}/${event.id}/${event.time}`, event);
    this.#sorted = null;
    if (this.events.size > 2 * mostEvents) this.events = new Map(this.newestEvents().slice(0, mostEvents).map((event) => [`${event.server}/${event.id}/${event.time}`, event]));
  }

  /**
   * Asks each server of the group, through this one, for what happened since the last time; a server that has started anew
   * tells all that it knows. With `limit` all are asked for so many of the past.
   */
  async askEvents(limit = null) {
    const servers = this.peers.length === 0 ? [[this.facts.hostname, "/events"]]
      : this.peers.filter((peer) => peer.is_self || answers.has(peer.state)).map((peer) => [peer.hostname, `/cluster/peers/${encodeURIComponent(peer.hostname)}/events`]);
    for (const name of this.unheard.keys()) if (!servers.some(([server]) => server === name)) this.unheard.delete(name);
    for (const peer of this.peers) if (!servers.some(([server]) => server === peer.hostname)) this.unheard.set(peer.hostname, peer.state.replaceAll("_", " "));
    await Promise.all(servers.map(async ([server, path]) => {
      const after = limit === null && this.#positions.get(server);
      try {
        const answer = await ask(`${path}?limit=${limit ?? 500}${after ? `&after=${after}` : ""}`);
        this.#positions.set(server, answer.last);
        this.unheard.delete(server);
        this.#keep(answer.events);
      } catch (error) {
        if (error.status !== 502) throw error;
        this.unheard.set(server, error.message);
      }
    }));
  }

  #begin() {
    this.worker.postMessage({ kind: "start", authorization: credentials.header.authorization ?? null, host: this.facts?.hostname });
    this.#following?.abort();
    this.#following = new AbortController();
    follow((event) => {
      this.#keep([event]);
      for (const listener of this.#eventListeners) listener(event);
      this.worker.postMessage({ kind: "refresh" });
      this.soon();
    }, (isFollowing) => {
      this.isFollowing = isFollowing;
      // What happened while nobody listened is asked for, and a connection that ends may be the end of the server.
      this.soon();
    }, this.#following.signal);
  }
}
