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
  bitrate: (stream) => stream.stats.bitrate,
  viewers: (stream) => stream.stats.viewers,
  archive: (stream) => stream.stats.archive_seconds ?? -1,
};

/** The position of the input that plays, from 0; null when none does. */
function activeIndex(stream) {
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
    && (!word || `${stream.name} ${stream.title} ${stream.stats.active_input ?? ""} ${stream.stats.running_on.join(" ")}`.toLowerCase().includes(word)));
  shown.sort((a, b) => sign * compare(key(a), key(b)) || compare(a.name, b.name));
}

function row(stream) {
  const { stats } = stream;
  return {
    name: stream.name, title: stream.title === stream.name ? "" : stream.title, status: stats.status, reason: stats.reason,
    server: stats.running_on.join(", "), here: stats.running_on.includes(query.host), input: activeIndex(stream), inputs: stream.inputs.length,
    url: stats.active_input ?? "", alive: stats.alive, bitrate: stats.bitrate, viewers: stats.viewers,
    archive: stats.archive_seconds ?? null, replication: isReplicating(stream) ? stats.dvr_replication ?? 0 : null, mode: stream.replication?.mode ?? "",
    video: stats.tracks.some((track) => track.content === "video"),
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

async function load() {
  clearTimeout(timer);
  running ??= (async () => {
    const begin = performance.now();
    try {
      const answer = await fetch(`${base}/streams`, {
        headers: { accept: "application/json", ...(authorization ? { authorization } : {}) }, cache: "no-store",
        signal: AbortSignal.timeout(15000),
      });
      if (!answer.ok) throw new Error(`${answer.status}`);
      streams = (await answer.json()).streams;
      moves = newestMoves();
      arrange();
      send();
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
    case "fast": isFast = data.value; if (isFast) load(); break;
    case "query": query = { ...query, ...data.query }; arrange(); send(); break;
    case "range": range = data.range; send(); break;
    case "refresh": if (cost < 200) load(); break;
    case "stop": clearTimeout(timer); break;
  }
};
