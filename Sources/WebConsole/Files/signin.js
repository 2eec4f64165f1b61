// Signing in: a window over the page, or the page itself when not even reading is allowed.
import { ask, credentials } from "./api.js";
import { h, setHidden, setText } from "./elements.js";

function form(hub, done) {
  const user = h("input", { name: "user", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const message = h("p", { class: "bad", role: "alert", hidden: true });
  const submit = async (event) => {
    event.preventDefault();
    credentials.set(user.value, password.value);
    try {
      const access = await ask("/access");
      if (access.may_view && (access.may_edit || !access.needs_sign_in_to_edit || access.needs_sign_in_to_view)) {
        done();
        hub.restart();
        return;
      }
      throw new Error("This user or password is not right.");
    } catch (error) {
      credentials.forget();
      setText(message, error.message);
      setHidden(message, false);
      password.value = "";
      password.focus();
    }
  };
  return h("form", { class: "sign-in", onsubmit: submit },
    h("label", {}, "User", user), h("label", {}, "Password", password), message,
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, "Sign in")));
}

const note = "view_auth of the configuration may look, edit_auth may look and change. Closing this tab signs out.";

export function signInPage(content, hub) {
  content.append(h("h1", {}, "Sign in"), h("p", {}, "This server shows itself only to those whom it knows."), form(hub, () => {}), h("p", { class: "faint" }, note));
}

export function openSignIn(hub) {
  const dialog = h("dialog", { "aria-labelledby": "sign-in-title" });
  dialog.append(h("h2", { id: "sign-in-title" }, "Sign in"), form(hub, () => dialog.close()), h("p", { class: "faint" }, note),
    h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** In place of what a viewer may not do. */
export function needsSignIn(hub, what) {
  return h("p", { class: "faint" }, `${what} needs the user of edit_auth. `, h("button", { type: "button", onclick: () => openSignIn(hub) }, "Sign in"));
}
