// The configuration in force, secrets hidden, with what the check says about it.
import { ask } from "./api.js";
import { h, setText } from "./elements.js";

export function configPage(content) {
  const path = h("p", { class: "faint" });
  const notices = h("ul");
  const text = h("pre", { tabindex: "0" });
  content.append(h("h1", {}, "Configuration"), path, notices, text);
  return async () => {
    const config = await ask("/config");
    setText(path, config.path ? `From ${config.path}; reload it with SIGHUP or the API.` : "Started without a file.");
    setText(text, config.text);
    const drawn = config.notices.join("\n");
    if (notices.dataset.drawn !== drawn) {
      notices.dataset.drawn = drawn;
      notices.replaceChildren(...config.notices.map((notice) => h("li", { class: "warn" }, notice)));
    }
  };
}
