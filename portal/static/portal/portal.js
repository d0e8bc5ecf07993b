// Small comforts. Every page works without this file; nothing here decides anything.
"use strict";

// A form that acts is sent once: the second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
});

// Coming back with the back button must not leave the form asleep.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// After a refusal, the summary of what went wrong is read first.
document.querySelector("[data-focus]")?.focus();

// htmx has loaded older lines: say so, and put the focus on the first of them.
document.addEventListener("htmx:afterSettle", (event) => {
  if (!event.detail.requestConfig || event.detail.requestConfig.target.id !== "more") return;
  const first = event.detail.elt.querySelector?.(".line-title a");
  if (first) first.focus({ preventScroll: true });
});
