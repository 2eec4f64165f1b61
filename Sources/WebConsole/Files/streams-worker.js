// Keeps the list of all streams off the page's thread: asks for it, searches, sorts, and hands over only the rows in sight.
const base = "/streamer/api/v3";
const periodFast = 2000;
const periodSlow = 10000;

let streams = [];
let query = { word: "", filter: "all", order: "name", descending: false, host: "" };
let range = { first: 0, count: 0 };
let authorization = null;
let isFast = false;
let shown = [];
let moves = [];
// Servers that can be asked, and by stream what the one that captures it says.
let peers = [];
let captures = new Map();
let timer = 0;
let cost = 0;
let running = null;

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const rank = { error: 0, waiting: 1, running: 2 };
const keys = {
  name: (stream) => stream.name,
  state: (stream) => rank[stream.stats.status] ?? 1,
  server: (stream) => stream.stats.running_on[0] ?? "",
  input: (stream) => activeIndex(stream) ?? 99,
  bitrate: (stream) => captured(stream)?.bitrate ?? stream.stats.bitrate,
  viewers: (stream) => viewers(stream),
  archive: (stream) => stream.stats.archive_seconds ?? -1,
};

/** What the server that captures the stream says of it; undefined when that is this one, or it says nothing. */
const captured = (stream) => captures.get(stream.name);

/** On this server and on the one that captures the stream. */
const viewers = (stream) => stream.stats.viewers + (captured(stream)?.viewers ?? 0);

/** The position of the input that plays, from 0; null when none does. */
function activeIndex(stream) {
  if (captured(stream)) return captured(stream).input ?? null;
  const index = stream.inputs.findIndex((input) => input.state === "playing");
  return index < 0 ? null : index;
}

const isLower = (stream) => (activeIndex(stream) ?? 0) > 0;
const isReplicating = (stream) => stream.stats.dvr_replication_running === true || (stream.replication?.mode ?? "normal") !== "normal";
const filters = {
  all: () => true,
  stopped: (stream) => stream.stats.status !== "running",
  lower: isLower,
  replicating: isReplicating,
  here: (stream) => stream.stats.running_on.includes(query.host),
};

function arrange() {
  const word = query.word.trim().toLowerCase();
  const key = keys[query.order] ?? keys.name;
  const sign = query.descending ? -1 : 1;
  shown = streams.filter((stream) => filters[query.filter](stream)
    && (!word || `${stream.name} ${stream.title} ${captured(stream)?.active_input ?? stream.stats.active_input ?? ""} ${stream.stats.running_on.join(" ")}`.toLowerCase().includes(word)));
  shown.sort((a, b) => sign * compare(key(a), key(b)) || compare(a.name, b.name));
}

function row(stream) {
  const { stats } = stream;
  const there = captured(stream);
  return {
    name: stream.name, title: stream.title === stream.name ? "" : stream.title, status: stats.status, reason: stats.reason,
    server: stats.running_on.join(", "), here: stats.running_on.includes(query.host), input: activeIndex(stream), inputs: there?.inputs ?? stream.inputs.length,
    url: there?.active_input ?? stats.active_input ?? "", alive: stats.alive, bitrate: there?.bitrate ?? stats.bitrate, viewers: viewers(stream),
    archive: stats.archive_seconds ?? null, replication: isReplicating(stream) ? stats.dvr_replication ?? 0 : null, mode: stream.replication?.mode ?? "",
    video: there?.has_video ?? stats.tracks.some((track) => track.content === "video"),
  };
}

/** The newest moves of streams between servers, in the whole group. */
function newestMoves() {
  const moves = streams.flatMap((stream) => (stream.cluster?.moves ?? []).map((move) => ({ ...move, stream: stream.name })));
  return moves.filter((move) => move.from).sort((a, b) => b.time - a.time).slice(0, 200);
}

function send() {
  const counts = {};
  for (const name of Object.keys(filters)) counts[name] = streams.filter(filters[name]).length;
  postMessage({
    kind: "rows", counts, error: streams.filter((stream) => stream.stats.status === "error").length,
    moves, shown: shown.length, first: range.first,
    rows: shown.slice(range.first, range.first + range.count).map(row),
  });
}

async function get(path) {
  const answer = await fetch(base + path, {
    headers: { accept: "application/json", ...(authorization ? { authorization } : {}) }, cache: "no-store",
    signal: AbortSignal.timeout(15000),
  });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return await answer.json();
}

/** Of streams elsewhere this server knows where they are and how they do; for more, that server is asked through this one. */
async function askHolders() {
  const holders = peers.filter((peer) => streams.some((stream) => stream.stats.running_on[0] === peer));
  // Without an answer the columns stay empty: that the server is not heard is said elsewhere.
  const lists = await Promise.all(holders.map((peer) => get(`/cluster/peers/${encodeURIComponent(peer)}/streams`).then((answer) => answer.streams.map((stream) => [stream.name, { ...stream, server: peer }]), () => [])));
  captures = new Map(lists.flat());
  forgetMoved();
}

/** What a server said of a stream that has moved away since is old. */
function forgetMoved() {
  const holders = new Map(streams.map((stream) => [stream.name, stream.stats.running_on[0]]));
  for (const [name, capture] of captures) if (holders.get(name) !== capture.server) captures.delete(name);
}

async function load() {
  clearTimeout(timer);
  running ??= (async () => {
    const begin = performance.now();
    try {
      streams = (await get("/streams")).streams;
      moves = newestMoves();
      forgetMoved();
      arrange();
      send();
      if (isFast && peers.length > 0) {
        await askHolders();
        arrange();
        send();
      }
    } catch (error) {
      postMessage({ kind: "trouble", message: error.message });
    }
    cost = performance.now() - begin;
    running = null;
  })();
  await running;
  // A long list is asked for less often: the server's work for this page stays below a tenth of its time.
  timer = setTimeout(load, Math.max(isFast ? periodFast : periodSlow, 10 * cost));
}

onmessage = ({ data }) => {
  switch (data.kind) {
    case "start":
      ({ authorization, host: query.host } = { authorization: data.authorization, host: data.host ?? query.host });
      load();
      break;
    case "host": query.host = data.host; arrange(); send(); break;
    case "peers": {
      const isNew = data.peers.join() !== peers.join();
      peers = data.peers;
      if (isNew && isFast) load();
      break;
    }
    case "fast": isFast = data.value; if (isFast) load(); break;
    case "query": query = { ...query, ...data.query }; arrange(); send(); break;
    case "range": range = data.range; send(); break;
    case "refresh": if (cost < 200) load(); break;
    case "stop": clearTimeout(timer); break;
  }
};
