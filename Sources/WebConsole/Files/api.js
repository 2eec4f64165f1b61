// Talks to the public API of the server that served this page, and to nothing else.
export const base = "/streamer/api/v3";

/** An answer that is no success. `body` is what the API said. */
export class Refusal extends Error {
  constructor(status, body) {
    super(body?.message ?? `the server answered ${status}`);
    this.status = status;
    this.body = body;
  }
}

// Kept for this tab only, so that a closed window forgets who used it.
const storage = "weir-credentials";

export const credentials = {
  get header() {
    const kept = sessionStorage.getItem(storage);
    return kept ? { authorization: `Basic ${kept}` } : {};
  },
  get user() {
    const kept = sessionStorage.getItem(storage);
    return kept ? new TextDecoder().decode(Uint8Array.from(atob(kept), (c) => c.charCodeAt(0))).split(":")[0] : null;
  },
  set(user, password) {
    sessionStorage.setItem(storage, btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`))));
  },
  forget() { sessionStorage.removeItem(storage); },
};

/** Asks the API; throws a Refusal whose message is the API's own sentence. */
export async function ask(path, options = {}) {
  const answer = await fetch(base + path, {
    ...options, headers: { accept: "application/json", ...credentials.header, ...options.headers }, cache: "no-store",
    signal: options.signal ?? AbortSignal.timeout(options.method ? 60000 : 15000),
  });
  const text = await answer.text();
  let body = null;
  try { body = text ? JSON.parse(text) : null; } catch { /* not JSON: the status says enough */ }
  if (!answer.ok) throw new Refusal(answer.status, body);
  return body;
}

/** The address of a picture of a stream that another server of the group captures, to be revoked after use; null: there is none. */
export async function fetchPicture(server, stream) {
  try {
    const answer = await fetch(`${base}/cluster/peers/${encodeURIComponent(server)}/picture?stream=${encodeURIComponent(stream)}`,
      { headers: credentials.header, cache: "no-store", signal: AbortSignal.timeout(15000) });
    return answer.ok ? URL.createObjectURL(await answer.blob()) : null;
  } catch {
    // It is asked again soon; that a server does not answer is said elsewhere.
    return null;
  }
}

/**
 * Calls `handle` with each event of the server from now on, until `signal` aborts, and `connected` with true and false.
 * Reads the event stream by fetch, because an EventSource cannot send credentials.
 */
export async function follow(handle, connected, signal) {
  let last = null;
  let pause = 500;
  while (!signal.aborted) {
    try {
      const answer = await fetch(`${base}/events/follow`, {
        headers: { accept: "text/event-stream", ...credentials.header, ...(last === null ? {} : { "last-event-id": last }) },
        cache: "no-store", signal,
      });
      if (!answer.ok) throw new Refusal(answer.status, null);
      connected(true);
      pause = 500;
      for await (const message of messages(answer.body)) {
        if (message.id) last = message.id;
        if (message.data) handle(JSON.parse(message.data));
      }
    } catch (error) {
      if (signal.aborted) return;
      // Without leave to read there is nothing to wait for; signing in begins anew.
      if (error.status === 401) return;
    }
    connected(false);
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(5000, pause * 2);
  }
}

/** The messages of an event stream (WHATWG HTML §9.2.6). */
async function* messages(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const parts = rest.split(/\r?\n\r?\n/);
    rest = parts.pop();
    for (const part of parts) {
      const message = {};
      for (const line of part.split(/\r?\n/)) {
        const colon = line.indexOf(":");
        if (colon > 0) message[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
      }
      yield message;
    }
  }
}
