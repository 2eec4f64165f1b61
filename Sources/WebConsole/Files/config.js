// The configuration file: edit, check, see the difference, apply here or on the whole group; earlier versions.
import { ask } from "./api.js";
import { bytes, clock, h, redraw, setAttribute, setClass, setHidden, setText } from "./elements.js";
import { needsSignIn } from "./signin.js";

// A text that was not applied yet, for the way back from another page.
let draft = null;

const severity = { error: "bad", warning: "warn", notice: "idle" };

/** The lines of a difference that changed, with three around each. */
function differenceView(lines) {
  const near = new Set(lines.flatMap((line, index) => line.kind === "same" ? [] : Array.from({ length: 7 }, (_, step) => index + step - 3)));
  if (near.size === 0) return h("p", { class: "faint" }, "No line differs.");
  const rows = [];
  lines.forEach((line, index) => {
    if (!near.has(index)) {
      if (near.has(index + 1) && index > 0) rows.push(h("tr", { class: "skip-lines" }, h("td", { colspan: "4" }, "…")));
      return;
    }
    const [mark, word] = { same: [" ", ""], removed: ["−", "removed"], added: ["+", "added"] }[line.kind];
    rows.push(h("tr", { class: line.kind }, h("td", { class: "number" }, line.old_line ?? ""), h("td", { class: "number" }, line.new_line ?? ""),
      h("td", { class: "mark" }, h("span", { "aria-hidden": "true" }, mark), word ? h("span", { class: "away-from-sight" }, word) : null), h("td", { class: "code" }, line.text)));
  });
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Difference" }, h("table", { class: "difference" },
    h("thead", {}, h("tr", {}, ["Before", "After", "Change", "Line"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows)));
}

export function configPage({ content, hub, signal }) {
  let file = null;
  let checked = null;
  const about = h("p", { class: "faint" });
  const included = h("details", { hidden: true });
  const standing = h("p", {});
  const numbers = h("pre", { class: "line-numbers", "aria-hidden": "true" });
  const text = h("textarea", { id: "config-text", spellcheck: "false", autocapitalize: "none", autocomplete: "off", wrap: "off", rows: "24", "aria-describedby": "config-help", oninput: changed, onscroll: () => { numbers.scrollTop = text.scrollTop; } });
  const checkButton = h("button", { type: "button", onclick: check, "aria-keyshortcuts": "Control+Enter" }, "Check and see the difference");
  const applyButton = h("button", { type: "button", class: "primary", onclick: () => apply(false) }, "Apply");
  const groupButton = h("button", { type: "button", hidden: true, onclick: () => apply(true) }, "Apply on all servers");
  const revertButton = h("button", { type: "button", class: "quiet", onclick: revert }, "Back to the file");
  const buttons = h("div", { class: "buttons" }, checkButton, applyButton, groupButton, revertButton);
  const signInPart = h("div", {});
  const message = h("div", { role: "status", class: "result" });
  const findings = h("div", {});
  const versions = h("tbody");
  const versionsPart = h("section", { hidden: true }, h("h2", {}, "Earlier versions"), h("p", { class: "faint" }, "The text before each change that was applied here. Restoring one is a change as well: the present text is kept."),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Earlier versions" }, h("table", {}, h("thead", {}, h("tr", {}, ["Replaced at", "Size", "Actions"].map((name) => h("th", { scope: "col" }, name)))), versions)));
  const versionPart = h("section", { hidden: true });
  content.append(h("h1", {}, "Configuration"), about, included, standing,
    h("label", { for: "config-text" }, "Text of the file"), h("div", { class: "editor" }, numbers, text),
    h("p", { id: "config-help", class: "faint" }, "*** stands for a password or key and keeps it; write a new one over it to change it. Ctrl Enter checks."),
    buttons, signInPart, message, findings, versionsPart, versionPart);

  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      check();
    }
  }, { signal });

  const isEdited = () => file !== null && text.value !== file.text;

  function drawNumbers() {
    const count = text.value.split("\n").length;
    if (numbers.dataset.count !== String(count)) {
      numbers.dataset.count = count;
      numbers.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
      text.rows = Math.min(40, Math.max(12, count + 1));
    }
  }

  function changed() {
    draft = isEdited() ? { text: text.value, revision: draft?.revision ?? file.revision } : null;
    checked = null;
    drawNumbers();
    drawButtons();
  }

  function drawButtons() {
    const mayEdit = hub.access.may_edit;
    setHidden(buttons, !mayEdit);
    if (text.readOnly === mayEdit) text.readOnly = !mayEdit;
    redraw(signInPart, mayEdit, () => mayEdit ? null : needsSignIn(hub, "Changing the configuration"));
    applyButton.disabled = !isEdited() && file?.is_in_force !== false;
    groupButton.disabled = applyButton.disabled;
    revertButton.disabled = !isEdited();
    setHidden(groupButton, (file?.servers ?? []).length < 2);
    setText(applyButton, (file?.servers ?? []).length < 2 ? "Apply" : `Apply on ${hub.facts?.hostname ?? "this server"} alone`);
    setText(groupButton, `Apply on all ${(file?.servers ?? []).length} servers`);
  }

  function place({ line, column }) {
    const lines = text.value.split("\n");
    const at = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
    text.focus();
    text.setSelectionRange(at, at + 1);
    text.scrollTop = Math.max(0, (line - 5) * (text.scrollHeight / Math.max(1, lines.length)));
  }

  function diagnosticsView(list) {
    if (list.length === 0) return null;
    return h("ul", { class: "diagnostics" }, list.map((each) => h("li", {},
      h("button", { type: "button", class: `link state ${severity[each.severity] ?? "idle"}`, onclick: () => place(each) }, `${each.file}:${each.line}:${each.column}`),
      ` ${each.severity}: ${each.message}`, each.allowed.length > 0 ? h("span", { class: "faint" }, ` (allowed: ${each.allowed.join(", ")})`) : null)));
  }

  function say(kind, ...lines) {
    message.replaceChildren(...lines.flat().filter(Boolean).map((line) => typeof line === "string" ? h("p", { class: `state ${kind}` }, line) : line));
  }

  async function check() {
    try {
      const sent = text.value;
      const found = await ask("/config/check", { method: "POST", body: sent, headers: { "content-type": "text/plain; charset=utf-8" } });
      checked = { text: sent, valid: found.valid };
      const errors = found.diagnostics.filter((each) => each.severity === "error").length;
      say(found.valid ? "good" : "bad", found.valid ? "This text can be applied." : found.objection ? `This server cannot take it: ${found.objection}` : `${errors} ${errors === 1 ? "mistake" : "mistakes"}; it cannot be applied.`);
      findings.replaceChildren(...[diagnosticsView(found.diagnostics),
        h("h2", {}, "What would change"), found.changes.length > 0 ? h("ul", {}, found.changes.map((line) => h("li", {}, line))) : h("p", { class: "faint" }, found.valid ? "Nothing that the server does." : "Not known before the mistakes are repaired."),
        h("h2", {}, "Difference to the file"), differenceView(found.difference)].filter(Boolean));
      return found.valid;
    } catch (error) {
      say("bad", error.message);
      return false;
    }
  }

  function applied(answer, what) {
    const all = answer.servers.every((server) => server.applied);
    say(all ? "good" : "warn", `${what}. ${answer.changes.length === 0 ? "No stream changes." : ""}`,
      answer.changes.length > 0 ? h("ul", {}, answer.changes.map((line) => h("li", {}, line))) : null,
      answer.servers.length > 1 ? h("ul", {}, answer.servers.map((server) => h("li", { class: `state ${server.applied ? "good" : "bad"}` }, `${server.hostname}: ${server.message}`))) : null);
    findings.replaceChildren();
    draft = null;
    file = null;
    hub.soon(0);
  }

  function refused(error) {
    const { diagnostics, servers, hint } = error.body ?? {};
    say("bad", diagnostics ? "It has mistakes and was not applied." : error.message, hint ?? null);
    findings.replaceChildren(...[diagnostics ? diagnosticsView(diagnostics) : null,
      servers ? h("ul", {}, servers.map((server) => h("li", { class: `state ${server.applied ? "good" : "bad"}` }, `${server.hostname}: ${server.message}`))) : null].filter(Boolean));
  }

  async function apply(wholeGroup) {
    // Nobody applies what he has not seen the check of.
    if (checked?.text !== text.value && !(await check())) return;
    buttons.inert = true;
    try {
      const revision = draft?.revision ?? file.revision;
      applied(await ask(`/config?revision=${revision}${wholeGroup ? "&group=true" : ""}`, { method: "PUT", body: text.value, headers: { "content-type": "text/plain; charset=utf-8" } }), "Written to the file and applied");
    } catch (error) {
      refused(error);
    }
    buttons.inert = false;
  }

  function revert() {
    text.value = file.text;
    findings.replaceChildren();
    message.replaceChildren();
    changed();
  }

  async function showVersion(id) {
    try {
      const version = await ask(`/config/history/${id}`);
      versionPart.replaceChildren(h("h2", { tabindex: "-1" }, `Version replaced at ${clock(version.time)}`), h("p", { class: "faint" }, "From the present file to this version:"), differenceView(version.difference));
      setHidden(versionPart, false);
      versionPart.firstChild.focus();
    } catch (error) {
      say("bad", error.message);
    }
  }

  async function restore(id, time, wholeGroup) {
    try {
      applied(await ask(`/config/history/${id}/restore${wholeGroup ? "?group=true" : ""}`, { method: "POST" }), `The version replaced at ${clock(time)} is in force again`);
      setHidden(versionPart, true);
    } catch (error) {
      refused(error);
    }
  }

  return async () => {
    let found, history;
    try {
      [found, history] = await Promise.all([ask("/config/file"), ask("/config/history")]);
    } catch (error) {
      if (!error.status) throw error;
      setText(about, error.message);
      setHidden(buttons, true);
      return;
    }
    const isFirst = file === null;
    const wasEdited = !isFirst && isEdited();
    const hasMoved = file !== null && file.revision !== found.revision;
    file = found;
    if (isFirst && draft) {
      text.value = draft.text;
    } else if (!wasEdited && text.value !== found.text) {
      text.value = found.text;
    }
    if (hasMoved && wasEdited) say("warn", "The file was changed by somebody else meanwhile. Take your change over into its present text: Back to the file shows it.");
    drawNumbers();
    const others = found.files.length - 1;
    setText(about, found.path);
    setHidden(included, others === 0);
    redraw(included, found.files, () => [h("summary", {}, `${others} more ${others === 1 ? "file is" : "files are"} read with it and cannot be edited here`),
      h("ul", { class: "files code" }, found.files.slice(1).map((path) => h("li", {}, path))),
      h("p", { class: "faint" }, "A change is one file, written whole or not at all, and so can be taken back. Change these files on the server, then apply: they are checked together.")]);
    setClass(standing, `state ${found.is_in_force ? "good" : "warn"}`);
    setText(standing, found.is_in_force ? "In force." : "The file on the disk is not what the server runs with: it was changed since, and not applied.");
    drawButtons();
    if (isFirst) {
      const list = diagnosticsView(found.diagnostics);
      if (list && !message.hasChildNodes()) findings.replaceChildren(h("h2", {}, "What the check says"), list);
    }
    setHidden(versionsPart, history.versions.length === 0);
    redraw(versions, [history.versions, hub.access.may_edit, found.servers.length], () => history.versions.map((version) => h("tr", {}, h("td", { class: "time" }, clock(version.time)), h("td", { class: "number" }, bytes(version.bytes)),
      h("td", {}, h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => showVersion(version.id), "aria-label": `See the version replaced at ${clock(version.time)}` }, "See"),
        hub.access.may_edit ? h("button", { type: "button", onclick: () => restore(version.id, version.time, false), "aria-label": `Restore the version replaced at ${clock(version.time)}` }, found.servers.length > 1 ? "Restore here" : "Restore") : null,
        hub.access.may_edit && found.servers.length > 1 ? h("button", { type: "button", onclick: () => restore(version.id, version.time, true), "aria-label": `Restore the version replaced at ${clock(version.time)} on all servers` }, "Restore on all") : null)))));
    setAttribute(text, "aria-readonly", hub.access.may_edit ? null : "true");
  };
}
