// Plays a stream's archive from an instant on: the segments of its archive playlist, through Media Source Extensions.
import { pathOf } from "./elements.js";

// Seconds of archive that one playlist is asked for, and how much is loaded before the position.
const span = 600;
const ahead = 20;
const behind = 30;

/** The boxes of ISO/IEC 14496-12 §4.2 in a part of `view`: [type, start of the content, end]. */
function* boxes(view, start, end) {
  for (let at = start; at + 8 <= end;) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > end) return;
    yield [String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at + 4, 4)), at + 8, at + size];
    at += size;
  }
}

function find(view, start, end, ...path) {
  for (const [type, from, to] of boxes(view, start, end)) {
    if (type === path[0]) return path.length === 1 ? [from, to] : find(view, from, to, ...path.slice(1));
  }
  return null;
}

const hex = (value) => value.toString(16).padStart(2, "0");

/** The codec of RFC 6381 from the first sample entry of an `stsd`; null when no player knows it. */
function codec(view, start) {
  const [[type, from, to]] = [...boxes(view, start + 8, view.byteLength)];
  const isVideo = /^(avc|hvc|hev)/.test(type);
  const inner = [...boxes(view, from + (isVideo ? 78 : 28), to)];
  const box = (name) => inner.find(([found]) => found === name)?.[1];
  if (type.startsWith("avc") && box("avcC")) {
    const at = box("avcC");
    return ["video", `${type}.${hex(view.getUint8(at + 1))}${hex(view.getUint8(at + 2))}${hex(view.getUint8(at + 3))}`];
  }
  if (isVideo && box("hvcC")) {
    const at = box("hvcC");
    const profile = view.getUint8(at + 1);
    let flags = view.getUint32(at + 2);
    let reversed = 0;
    for (let bit = 0; bit < 32; bit++) { reversed = (reversed * 2 + (flags & 1)) >>> 0; flags >>>= 1; }
    const constraints = [...new Uint8Array(view.buffer, view.byteOffset + at + 6, 6)];
    while (constraints.length > 0 && constraints.at(-1) === 0) constraints.pop();
    return ["video", [type, `${["", "A", "B", "C"][profile >> 6]}${profile & 31}`, reversed.toString(16),
      `${profile & 32 ? "H" : "L"}${view.getUint8(at + 12)}`, ...constraints.map((byte) => byte.toString(16))].join(".")];
  }
  if (type === "mp4a" && box("esds")) {
    // ISO/IEC 14496-1 §7.2.6: look for the decoder configuration (tag 4) and its specific information (tag 5).
    const bytes = new Uint8Array(view.buffer, view.byteOffset + box("esds"), to - box("esds"));
    const length = (at) => { while (bytes[at] & 0x80) at++; return at + 1; };
    const config = bytes.indexOf(4, 7);
    const content = length(config + 1);
    if (bytes[content] !== 0x40) return ["audio", `mp4a.${hex(bytes[content])}`];
    const specific = length(bytes.indexOf(5, content + 13) + 1);
    return ["audio", `mp4a.40.${bytes[specific] >> 3}`];
  }
  return /^(ac-3|ec-3|opus|Opus|fLaC)$/.test(type) ? ["audio", type.toLowerCase()] : null;
}

/** The first video and the first audio track of an initialization segment that this browser plays. */
function playable(bytes) {
  const view = new DataView(bytes);
  const movie = find(view, 0, view.byteLength, "moov");
  const found = {};
  for (const [type, from, to] of movie ? boxes(view, ...movie) : []) {
    if (type !== "trak") continue;
    const [header] = find(view, from, to, "tkhd") ?? [];
    const [description] = find(view, from, to, "mdia", "minf", "stbl", "stsd") ?? [];
    if (header === undefined || description === undefined) continue;
    const id = view.getUint32(header + (view.getUint8(header) === 1 ? 20 : 12));
    const [kind, name] = codec(view, description) ?? [];
    const mime = `${kind}/mp4; codecs="${name}"`;
    if (kind && !found[kind] && MediaSource.isTypeSupported(mime)) found[kind] = { id, mime };
  }
  return Object.values(found);
}

/** An initialization segment with one of the tracks only: what of `moov` speaks of others is left out. */
function header(bytes, id) {
  const view = new DataView(bytes);
  const speaksOf = ([type, from, to]) => {
    if (type === "trex") return view.getUint32(from + 4) === id;
    if (type !== "trak") return true;
    const [at] = find(view, from, to, "tkhd");
    return view.getUint32(at + (view.getUint8(at) === 1 ? 20 : 12)) === id;
  };
  const copy = (start, end) => [...boxes(view, start, end)].filter(speaksOf).flatMap(([type, from, to]) => {
    if (type !== "moov" && type !== "mvex") return [new Uint8Array(bytes, from - 8, to - from + 8)];
    const content = copy(from, to);
    const head = new Uint8Array(bytes.slice(from - 8, from));
    new DataView(head.buffer).setUint32(0, 8 + content.reduce((sum, part) => sum + part.byteLength, 0));
    return [head, ...content];
  });
  return new Blob(copy(0, view.byteLength)).arrayBuffer();
}

export class ArchivePlayer {
  #video;
  #say;
  #abort = null;
  #origin = 0;

  /** `say` is called with a sentence when something is to be told, and with "" when that is over. */
  constructor(video, say) {
    this.#video = video;
    this.#say = say;
    video.addEventListener("waiting", () => this.#crossGap());
    video.addEventListener("timeupdate", () => this.#crossGap());
  }

  /** UTC in milliseconds of what is shown; null when nothing plays. */
  get position() { return this.#abort && this.#origin > 0 ? (this.#origin + this.#video.currentTime) * 1000 : null; }

  /** Plays the stream from UTC milliseconds on. */
  async play(name, from) {
    this.stop();
    const abort = this.#abort = new AbortController();
    const { signal } = abort;
    const root = `/${pathOf(name)}/`;
    this.#origin = 0;
    this.#say("Loading…");
    try {
      const source = new MediaSource();
      const opened = new Promise((done) => source.addEventListener("sourceopen", done, { once: true, signal }));
      this.#video.src = URL.createObjectURL(source);
      await opened;
      await this.#feed(source, root, from / 1000, signal);
    } catch (error) {
      if (!signal.aborted) this.#say(error.message);
    }
  }

  stop() {
    this.#abort?.abort();
    this.#abort = null;
    if (this.#video.src) {
      URL.revokeObjectURL(this.#video.src);
      this.#video.removeAttribute("src");
      this.#video.load();
    }
  }

  async #feed(source, root, from, signal) {
    let buffers = [];
    let map = null;
    let next = Math.max(0, Math.floor(from) - 12);
    // Where the list begins that is asked for: at the last segment known, so that at the end of the archive it is not empty.
    let first = next;
    let last = "";
    let begun = false;
    for (;;) {
      const segments = await this.#segments(root, first, signal);
      const fresh = segments.filter((segment) => segment.time + segment.duration > from && segment.uri !== last);
      for (const segment of last ? fresh.filter((candidate) => candidate.time >= next - 1) : fresh) {
        await this.#roomFor(signal);
        if (!begun) {
          this.#origin = Math.floor(segment.time);
          const start = Math.max(from, segment.time);
          if (segment.time > from + 1) this.#say("Nothing is recorded there; this is what comes next.");
          else this.#say("");
          begun = true;
          this.#video.addEventListener("loadeddata", () => { this.#video.currentTime = start - this.#origin; }, { once: true, signal });
        }
        if (segment.map !== map) {
          const init = await this.#bytes(root + segment.map, signal);
          const tracks = playable(init);
          if (tracks.length === 0) throw new Error("This browser plays none of the recorded tracks.");
          if (buffers.length === 0) {
            buffers = tracks.map((track) => ({ ...track, buffer: source.addSourceBuffer(track.mime) }));
          } else {
            buffers.forEach((entry) => {
              const track = tracks.find((candidate) => candidate.mime.slice(0, 5) === entry.mime.slice(0, 5));
              entry.id = track?.id ?? null;
              if (track && track.mime !== entry.mime) entry.buffer.changeType(track.mime);
              if (track) entry.mime = track.mime;
            });
          }
          for (const { id, buffer } of buffers) {
            if (id === null) continue;
            buffer.timestampOffset = -this.#origin;
            await this.#append(buffer, await header(init, id), signal);
          }
          map = segment.map;
        }
        for (const { id, buffer } of buffers) {
          if (id !== null) await this.#append(buffer, await this.#bytes(root + segment.uri.replace("-all.", `-${id}.`), signal), signal);
        }
        if (this.#video.paused && begun === true) {
          begun = "playing";
          // A page that was opened without a click may not start with sound.
          this.#video.play().catch(() => { this.#video.muted = true; return this.#video.play(); }).catch(() => {});
        }
        last = segment.uri;
        next = segment.time + segment.duration;
        first = segment.time;
      }
      if (!begun && segments.length === 0) {
        next += span;
        first = next;
        if (next > Date.now() / 1000) throw new Error("Nothing is recorded from there on.");
      } else if (fresh.length === 0 || next > Date.now() / 1000 - 15) {
        if (next + span < Date.now() / 1000 && fresh.length === 0) first = next += span - 10;
        else await new Promise((done) => setTimeout(done, 1000));
      }
      if (signal.aborted) return;
    }
  }

  #ahead() {
    const { buffered, currentTime } = this.#video;
    return buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - currentTime;
  }

  /** Waits until the position has come near the end of what is loaded. */
  async #roomFor(signal) {
    while (!signal.aborted && this.#video.buffered.length > 0 && this.#ahead() > ahead) {
      await new Promise((done) => setTimeout(done, 250));
    }
    if (signal.aborted) throw new Error("stopped");
  }

  async #segments(root, from, signal) {
    const answer = await fetch(`${root}archive-${Math.floor(from)}-${span}.m3u8?container=fmp4`, { cache: "no-store", signal });
    if (answer.status === 404) return [];
    if (!answer.ok) throw new Error((await answer.text()).trim() || `the server answered ${answer.status}`);
    const segments = [];
    let map = null;
    let time = null;
    let duration = 0;
    for (const line of (await answer.text()).split("\n")) {
      if (line.startsWith("#EXT-X-MAP:")) map = /URI="([^"]+)"/.exec(line)[1];
      else if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) time = Date.parse(line.slice(25)) / 1000;
      else if (line.startsWith("#EXTINF:")) duration = parseFloat(line.slice(8));
      else if (line && !line.startsWith("#")) {
        segments.push({ uri: line, map, time, duration });
        time += duration;
      }
    }
    return segments;
  }

  async #bytes(address, signal) {
    const answer = await fetch(address, { signal });
    if (!answer.ok) throw new Error(`A segment is missing (${answer.status}).`);
    return await answer.arrayBuffer();
  }

  async #append(buffer, bytes, signal) {
    for (;;) {
      if (signal.aborted) throw new Error("stopped");
      try {
        buffer.appendBuffer(bytes);
        await new Promise((done) => buffer.addEventListener("updateend", done, { once: true }));
        return;
      } catch (error) {
        if (error.name !== "QuotaExceededError") throw error;
        const end = this.#video.currentTime - behind / 2;
        if (end > 0) {
          buffer.remove(0, end);
          await new Promise((done) => buffer.addEventListener("updateend", done, { once: true }));
        } else {
          await new Promise((done) => setTimeout(done, 500));
        }
      }
    }
  }

  /** Goes on behind a hole in the archive. */
  #crossGap() {
    const { buffered, currentTime } = this.#video;
    for (let index = 0; index < buffered.length; index++) {
      if (currentTime >= buffered.start(index) - 0.05 && currentTime < buffered.end(index) - 0.15) return;
      if (buffered.start(index) > currentTime) {
        this.#video.currentTime = buffered.start(index) + 0.02;
        return;
      }
    }
  }
}
