// Talks to the public API of the server that served this page, and to nothing else.
const base = "/streamer/api/v3";

/** Asks the API; throws an Error whose message is the API's own sentence. */
export async function ask(path, options = {}) {
  const answer = await fetch(base + path, { headers: { accept: "application/json" }, ...options });
  const text = await answer.text();
  let body = null;
  try { body = text ? JSON.parse(text) : null; } catch { /* not JSON: the status says enough */ }
  if (!answer.ok) throw new Error(body?.message ?? `the server answered ${answer.status}`);
  return body;
}
