// What both players share, part of each page's script: the media element, its source, and how bytes get in.

const video = document.getElementById("video");
const message = document.getElementById("message");
const options = new URLSearchParams(location.search);
const flag = (name, fallback) =>
  options.has(name) ? !["0", "false", "no"].includes(options.get(name).toLowerCase()) : fallback;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (text) => { if (message.textContent !== text) message.textContent = text; message.hidden = !text; };
const MediaSourceClass = window.ManagedMediaSource ?? window.MediaSource;

let source = null;
let buffer = null;

function openSource() {
  return new Promise((done) => {
    source = new MediaSourceClass();
    buffer = null;
    video.disableRemotePlayback = true;
    source.addEventListener("sourceopen", done, { once: true });
    video.src = URL.createObjectURL(source);
  });
}

function settled() {
  return buffer.updating
    ? new Promise((done) => buffer.addEventListener("updateend", done, { once: true }))
    : Promise.resolve();
}

// Appends a part of the media; where the browser has no room, what is behind the position goes first.
async function append(bytes) {
  for (;;) {
    await settled();
    try {
      buffer.appendBuffer(bytes);
      await settled();
      if (video.error) throw new Error(video.error.message || "the browser cannot decode the media");
      return;
    } catch (error) {
      if (error.name !== "QuotaExceededError" || !buffer.buffered.length) throw error;
      const start = buffer.buffered.start(0);
      const end = Math.max(start + 1, video.currentTime - 2);
      await settled();
      buffer.remove(start, end);
    }
  }
}

// Removes what is more than `kept` seconds behind the position, ten seconds at a time.
async function trim(kept) {
  if (!buffer || buffer.updating || !buffer.buffered.length) return;
  if (buffer.buffered.start(0) < video.currentTime - kept - 10) {
    buffer.remove(0, video.currentTime - kept);
    await settled();
  }
}

async function play() {
  try {
    await video.play();
  } catch (error) {
    if (error.name !== "NotAllowedError") return;
    // Browsers let a page start with sound only after a gesture.
    video.muted = true;
    try { await video.play(); } catch { say("Press play to watch."); }
  }
}

video.muted = flag("mute", flag("muted", false));
