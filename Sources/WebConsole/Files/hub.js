// What all pages share: the facts about server and group, the stream of events, the worker with the list of streams.
import { ask, credentials, follow } from "./api.js";

const period = 2000;
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
  /** What the server did of late, newest first. */
  deeds = [];
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
  #newest = { instance: null, id: 0 };

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
        await this.#askDeeds();
        if (!hadHost) this.worker.postMessage({ kind: "host", host: facts.hostname });
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

  /** Only what is new is asked for; ids begin anew with each start of the server. */
  async #askDeeds() {
    if (this.#newest.instance !== this.facts.instance_id) this.#newest = { instance: this.facts.instance_id, id: 0 };
    const { events } = await ask(`/events?limit=500&after=${this.#newest.id}`);
    this.#newest.id = events[0]?.id ?? this.#newest.id;
    const deeds = events.filter((event) => isDeed.test(event.event) && !/^(first start|the stream starts with input 1$)/.test(event.reason));
    this.deeds = [...deeds, ...this.deeds].filter((event) => event.time > this.facts.now - deedAge).slice(0, 50);
  }

  #begin() {
    this.worker.postMessage({ kind: "start", authorization: credentials.header.authorization ?? null, host: this.facts?.hostname });
    this.#following?.abort();
    this.#following = new AbortController();
    follow((event) => {
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
