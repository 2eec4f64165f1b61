// Small pictures of running streams: the newest key frame of each, one after the other, drawn on the canvas of its row.
import { fetchPicture } from "./api.js";
import { pathOf } from "./elements.js";

// How long a picture is shown before it is taken anew, in milliseconds.
const age = 15000;
const longestWait = 5000;

class Pictures {
  #wanted = new Map();
  #video = null;
  #isBusy = false;
  #timer = 0;

  /** Shows the stream's picture on the canvas; without a name the canvas is empty. With `server`: as that one captures it. */
  want(canvas, name, server) {
    const known = this.#wanted.get(canvas);
    if (known ? known.name === name && known.server === server : name === null) return;
    if (known) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    if (name === null) this.#wanted.delete(canvas);
    else this.#wanted.set(canvas, { name, server, at: 0 });
    canvas.classList.remove("shown");
    if (!this.#isBusy) this.#soon(50);
  }

  forget() {
    this.#wanted.clear();
    clearTimeout(this.#timer);
    this.#video?.removeAttribute("src");
    this.#video = null;
  }

  #soon(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), delay);
  }

  async #turn() {
    if (this.#isBusy || document.hidden) return this.#soon(age);
    for (const [canvas] of this.#wanted) if (!canvas.isConnected) this.#wanted.delete(canvas);
    const [canvas, next] = [...this.#wanted].reduce((oldest, entry) => (!oldest[1] || entry[1].at < oldest[1].at ? entry : oldest), []);
    if (!next) return;
    if (performance.now() - next.at < age && next.at > 0) return this.#soon(age - (performance.now() - next.at));
    this.#isBusy = true;
    const isShown = await this.#take(canvas, next);
    next.at = performance.now();
    canvas.classList.toggle("shown", isShown || canvas.classList.contains("shown"));
    this.#isBusy = false;
    this.#soon(30);
  }

  async #take(canvas, wish) {
    // Another server's picture comes through this one, as the page talks to no other.
    const picture = wish.server ? await fetchPicture(wish.server, wish.name) : null;
    if (wish.server && !picture) return false;
    const isShown = await this.#draw(canvas, wish, picture ?? `/${pathOf(wish.name)}/preview.mp4`);
    if (picture) URL.revokeObjectURL(picture);
    return isShown;
  }

  #draw(canvas, wish, address) {
    const video = this.#video ??= Object.assign(document.createElement("video"), { muted: true, preload: "auto" });
    return new Promise((done) => {
      const finish = (isShown) => {
        clearTimeout(timer);
        video.onloadeddata = video.onerror = null;
        video.removeAttribute("src");
        video.load();
        done(isShown);
      };
      const timer = setTimeout(() => finish(false), longestWait);
      video.onerror = () => finish(false);
      video.onloadeddata = () => {
        // The row may show another stream by now.
        if (this.#wanted.get(canvas) === wish) canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
        finish(true);
      };
      video.src = address;
    });
  }
}

export const pictures = new Pictures();
