// A stream's archive on a line of time, from days to seconds: what is recorded here, fetched, missing or protected.
import { clock, day, h, redraw, setAttribute, setHidden, setText, span, svg, time } from "./elements.js";

const laneTop = 22;
const laneHeight = 30;
const lockHeight = 7;
const height = laneTop + laneHeight + lockHeight + 8;
// Distances between ticks in milliseconds, of which the first that leaves room for its words is taken.
const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000].map((seconds) => seconds * 1000);
const presets = [["7 d", 7 * 86400], ["1 d", 86400], ["6 h", 21600], ["1 h", 3600], ["10 min", 600], ["1 min", 60]];
const shortest = 5000;
const longest = 400 * 86400e3;

/** Where the colours and patterns of the lane come from; the words are those of the legend. */
export const kinds = {
  recorded: "recorded here", fetched: "fetched from another server", missing: "missing", protected: "protected",
};

const causes = {
  "source-away": "the source was away", "server-down": "the server was down", "disk-full": "the disk was full",
  "disk-error": "the disk refused", "write-dropped": "the disk was too slow", "overlap": "the source's time ran back",
  "deleted": "deleted on purpose",
};

export function causeText(cause) {
  return causes[cause] ?? (cause ?? "unknown").replaceAll("-", " ").replaceAll("_", " ");
}

let count = 0;

export class Timeline {
  #data = { ranges: [], gaps: [], locks: [], now: Date.now() };
  #from = Date.now() - 3600e3;
  #to = Date.now() + 60e3;
  #cursor = null;
  #playing = null;
  #selection = null;
  #isPlaced = false;
  #followsNow = true;
  #id = `timeline-${count++}`;

  /** `play` and `select` are called with UTC milliseconds: an instant; a range, or null when there is none. */
  constructor({ label, play, select }) {
    this.play = play;
    this.select = select;
    this.lane = svg("svg", { class: "lane", height: String(height), "aria-hidden": "true", focusable: "false" });
    this.words = h("p", { class: "readout", "aria-hidden": "true" }, " ");
    this.slider = h("div", { class: "timeline", role: "slider", tabindex: "0", "aria-label": label, "aria-describedby": `${this.#id}-help` }, this.lane);
    this.element = h("div", { class: "timeline-part" },
      h("div", { class: "buttons", role: "group", "aria-label": "Part of the archive" },
        presets.map(([name, seconds]) => h("button", { type: "button", onclick: () => this.show(seconds) }, name)),
        h("button", { type: "button", onclick: () => this.showAll() }, "All"),
        h("button", { type: "button", "aria-label": "Zoom in", onclick: () => this.#zoom(0.5) }, "+"),
        h("button", { type: "button", "aria-label": "Zoom out", onclick: () => this.#zoom(2) }, "−"),
        h("button", { type: "button", "aria-label": "Earlier", onclick: () => this.#pan(-0.5) }, "◀"),
        h("button", { type: "button", "aria-label": "Later", onclick: () => this.#pan(0.5) }, "▶"),
        h("button", { type: "button", onclick: () => { this.#followsNow = true; this.show((this.#to - this.#from) / 1000); } }, "Now")),
      this.slider, this.words, this.#legend(),
      h("p", { id: `${this.#id}-help`, class: "faint" }, "Click plays, dragging selects, Ctrl and the wheel zoom. Keys: ← → move, Enter plays, Shift ← → selects, + − zoom, Page keys turn."));
    this.#listen();
    new ResizeObserver(() => this.#draw()).observe(this.slider);
  }

  /** Ranges and gaps as the API gives them, protected ranges, and the present. */
  set(data) {
    this.#data = data;
    const oldest = Math.min(...data.ranges.map((range) => range.opened_at), data.now);
    if (!this.#isPlaced && data.ranges.length > 0) {
      this.#isPlaced = true;
      this.show(Math.max(60, Math.min(86400, (data.now - oldest) / 1000 * 1.1)));
      return;
    }
    if (this.#followsNow) {
      const width = this.#to - this.#from;
      this.#to = data.now + width * 0.04;
      this.#from = this.#to - width;
    }
    this.#draw();
  }

  setPlaying(at) {
    if (at === this.#playing) return;
    this.#playing = at;
    this.#draw();
  }

  get selection() { return this.#selection; }

  clearSelection() {
    this.#selection = null;
    this.select(null);
    this.#draw();
  }

  /** Shows the newest so many seconds, or so many around the place that is looked at. */
  show(seconds) {
    const width = Math.max(shortest, Math.min(longest, seconds * 1000));
    const middle = this.#followsNow ? null : this.#cursor ?? (this.#from + this.#to) / 2;
    this.#to = middle === null ? this.#data.now + width * 0.04 : middle + width / 2;
    this.#from = this.#to - width;
    this.#draw();
  }

  showAll() {
    const oldest = Math.min(...this.#data.ranges.map((range) => range.opened_at), this.#data.now - 60e3);
    this.#followsNow = true;
    this.show((this.#data.now - oldest) / 1000 * 1.08);
  }

  // MARK: Moving

  #zoom(factor, around = this.#cursor ?? (this.#followsNow ? this.#data.now : (this.#from + this.#to) / 2)) {
    const width = Math.max(shortest, Math.min(longest, (this.#to - this.#from) * factor));
    const share = Math.max(0, Math.min(1, (around - this.#from) / (this.#to - this.#from)));
    this.#from = around - share * width;
    this.#to = this.#from + width;
    this.#followsNow = this.#to >= this.#data.now && this.#from < this.#data.now;
    this.#draw();
  }

  #pan(share) {
    const by = (this.#to - this.#from) * share;
    this.#from += by;
    this.#to += by;
    this.#followsNow = this.#to >= this.#data.now && share > 0;
    this.#draw();
  }

  #timeAt(x) {
    const { left, width } = this.slider.getBoundingClientRect();
    return this.#from + (x - left) / width * (this.#to - this.#from);
  }

  #listen() {
    let start = null;
    this.slider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = { x: event.clientX, at: this.#timeAt(event.clientX), isDrag: false };
      this.slider.setPointerCapture(event.pointerId);
    });
    this.slider.addEventListener("pointermove", (event) => {
      const at = this.#timeAt(event.clientX);
      setText(this.words, `${clock(at)} · ${this.describe(at)}`);
      if (!start) return;
      if (Math.abs(event.clientX - start.x) > 4) start.isDrag = true;
      if (start.isDrag) {
        this.#selection = [Math.min(start.at, at), Math.max(start.at, at)];
        this.select(this.#selection);
        this.#draw();
      }
    });
    this.slider.addEventListener("pointerup", (event) => {
      if (start && !start.isDrag) {
        this.#cursor = this.#timeAt(event.clientX);
        this.#draw();
        this.play(this.#cursor);
      }
      start = null;
    });
    this.slider.addEventListener("pointercancel", () => { start = null; });
    this.slider.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#timeAt(event.clientX));
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        this.#pan(event.deltaX / 1000);
      }
    }, { passive: false });
    this.slider.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.altKey || event.metaKey) return;
    const width = this.#to - this.#from;
    const at = this.#cursor ?? this.#data.now - width * 0.1;
    const moves = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02 };
    if (event.key in moves) {
      const next = at + moves[event.key] * width;
      if (event.shiftKey) {
        const fixed = this.#selection ? (this.#selection[0] === at ? this.#selection[1] : this.#selection[0]) : at;
        this.#selection = [Math.min(fixed, next), Math.max(fixed, next)];
        this.select(this.#selection);
      }
      this.#cursor = next;
      if (next < this.#from || next > this.#to) {
        this.#from = next - width / 2;
        this.#to = next + width / 2;
      }
      this.#followsNow = false;
    } else if (event.key === "Enter" || event.key === " ") {
      this.#cursor = at;
      this.play(at);
    } else if (event.key === "PageUp") this.#pan(-1);
    else if (event.key === "PageDown") this.#pan(1);
    else if (event.key === "Home") this.showAll();
    else if (event.key === "End") { this.#followsNow = true; this.show(width / 1000); }
    else if (event.key === "+" || event.key === "=") this.#zoom(0.5);
    else if (event.key === "-") this.#zoom(2);
    else if (event.key === "Escape" && this.#selection) this.clearSelection();
    else return;
    event.preventDefault();
    this.#draw();
  }

  // MARK: Words

  describe(at) {
    const inside = (range) => range.opened_at <= at && at < range.closed_at;
    const lock = this.#data.locks.find(inside);
    const suffix = lock ? `, protected${lock.note ? ` (${lock.note})` : ""}` : "";
    const range = this.#data.ranges.findLast(inside);
    if (range) return (range.fetched_from ? `fetched from ${range.fetched_from}` : "recorded here") + suffix;
    const gap = this.#data.gaps.find(inside);
    if (gap) return `missing: ${causeText(gap.cause)}${suffix}`;
    return (at > this.#data.now ? "still to come" : "not recorded") + suffix;
  }

  #legend() {
    return h("ul", { class: "legend" }, Object.entries(kinds).map(([kind, text]) => h("li", {},
      svg("svg", { width: "22", height: "12", "aria-hidden": "true" }, this.#patterns(`${this.#id}-legend-${kind}`),
        svg("rect", { width: "22", height: "12", class: kind, fill: `url(#${this.#id}-legend-${kind}-${kind})` })), " ", text)));
  }

  // MARK: Drawing

  #patterns(prefix) {
    const pattern = (name, size, ...parts) => svg("pattern", { id: `${prefix}-${name}`, width: String(size), height: String(size), patternUnits: "userSpaceOnUse" },
      svg("rect", { class: `${name}-ground`, width: String(size), height: String(size) }), parts);
    return svg("defs", {},
      pattern("recorded", 8),
      pattern("fetched", 8, svg("path", { class: "fetched-mark", d: "M-2 2 l4 -4 M0 8 l8 -8 M6 10 l4 -4" })),
      pattern("missing", 7, svg("path", { class: "missing-mark", d: "M0 0 l7 7 M7 0 l-7 7" })),
      pattern("protected", 6, svg("circle", { class: "protected-mark", cx: "3", cy: "3", r: "1.6" })));
  }

  #draw() {
    const width = Math.max(1, this.slider.clientWidth);
    const scale = width / (this.#to - this.#from);
    const x = (at) => (at - this.#from) * scale;
    const { ranges, gaps, locks, now } = this.#data;
    const id = this.#id;
    const part = (list, kind, top, tall) => {
      const merged = [];
      for (const range of list) {
        const left = Math.max(-2, x(range.opened_at));
        const right = Math.min(width + 2, Math.max(x(range.closed_at), x(range.opened_at) + 1));
        if (right < 0 || left > width) continue;
        // Parts nearer than half a pixel are one: at a zoom of weeks there are thousands.
        const before = merged.at(-1);
        if (before && left - before[1] < 0.5) before[1] = Math.max(before[1], right);
        else merged.push([left, right]);
      }
      return merged.map(([left, right]) => svg("rect", { class: kind, x: left.toFixed(2), y: String(top), width: (right - left).toFixed(2), height: String(tall), fill: `url(#${id}-${kind})` }));
    };
    const line = (at, kind) => at === null || at < this.#from || at > this.#to ? null
      : svg("line", { class: kind, x1: x(at).toFixed(2), x2: x(at).toFixed(2), y1: String(laneTop - 4), y2: String(height) });
    setAttribute(this.lane, "width", width);
    this.lane.replaceChildren(...[
      this.#patterns(id),
      svg("rect", { class: "ground", x: "0", y: String(laneTop), width: String(width), height: String(laneHeight) }),
      this.#ticks(width, x),
      part(gaps, "missing", laneTop, laneHeight),
      part(ranges.filter((range) => !range.fetched_from), "recorded", laneTop, laneHeight),
      part(ranges.filter((range) => range.fetched_from), "fetched", laneTop, laneHeight),
      part(locks, "protected", laneTop + laneHeight + 2, lockHeight),
      this.#selection ? svg("rect", { class: "selection", x: x(this.#selection[0]).toFixed(2), y: String(laneTop - 3), width: Math.max(1, (this.#selection[1] - this.#selection[0]) * scale).toFixed(2), height: String(laneHeight + lockHeight + 8) }) : null,
      line(now, "now"), line(this.#playing, "playing"), line(this.#cursor, "cursor"),
    ].flat(2).filter(Boolean));
    const at = this.#cursor ?? this.#playing ?? now;
    setAttribute(this.slider, "aria-valuemin", Math.round(this.#from / 1000));
    setAttribute(this.slider, "aria-valuemax", Math.round(this.#to / 1000));
    setAttribute(this.slider, "aria-valuenow", Math.round(Math.max(this.#from, Math.min(this.#to, at)) / 1000));
    setAttribute(this.slider, "aria-valuetext", `${clock(at)}, ${this.describe(at)}; shown are ${span((this.#to - this.#from) / 1000)}`);
  }

  #ticks(width, x) {
    const step = steps.find((candidate) => candidate / (this.#to - this.#from) * width >= 84) ?? steps.at(-1);
    // Ticks of hours and days are those of the clock on the wall.
    const zone = new Date(this.#from).getTimezoneOffset() * 60e3;
    const marks = [];
    for (let at = Math.ceil((this.#from - zone) / step) * step + zone; at <= this.#to; at += step) {
      const isDay = new Date(at).getHours() === 0 && new Date(at).getMinutes() === 0 && new Date(at).getSeconds() === 0;
      const text = step >= 86400e3 || isDay ? day(at).slice(5) : step >= 60e3 ? time(at).slice(0, 5) : time(at);
      const place = x(at).toFixed(1);
      marks.push(svg("line", { class: "tick", x1: place, x2: place, y1: String(laneTop - 5), y2: String(laneTop + laneHeight) }),
        svg("text", { class: isDay ? "day" : "hour", x: place, y: "11", "text-anchor": "middle" }, text));
    }
    return marks;
  }
}

/** The archive's ranges and gaps as a table, for those who read rather than look. */
export function archiveTable(body, { ranges, gaps }, play) {
  const rows = [...ranges.map((range) => ({ ...range, what: range.fetched_from ? `fetched from ${range.fetched_from}` : "recorded here" })),
    ...gaps.map((gap) => ({ ...gap, what: `missing: ${causeText(gap.cause)}`, isGap: true }))]
    .sort((a, b) => b.opened_at - a.opened_at).slice(0, 200);
  // The newest range grows all the time; its end is told to the minute, so that the table stands still.
  const shown = rows.map((row) => [row.what, clock(row.opened_at), clock(row.closed_at).slice(0, -3), span((row.closed_at - row.opened_at) / 1000), row.isGap, row.opened_at]);
  redraw(body, shown.map((row) => row.slice(0, 3)), () => shown.map(([what, from, to, length, isGap, at]) => h("tr", {}, h("td", {}, what), h("td", {}, from), h("td", {}, to), h("td", { class: "number" }, length),
    h("td", {}, isGap ? "" : h("button", { type: "button", "aria-label": `Play from ${from}`, onclick: () => play(at) }, "Play")))));
  setHidden(body.closest("details"), rows.length === 0);
}
