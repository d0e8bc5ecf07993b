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

// A quote counts down by its own seconds, not by this device's clock. At the end the offer makes way for a new one;
// the server has the last word all the same.
for (const quote of document.querySelectorAll("[data-countdown]")) {
  const end = performance.now() + 1000 * Number(quote.dataset.countdown);
  const left = quote.querySelector("[data-left]");
  const timer = setInterval(tick, 250);
  function tick() {
    const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    if (left) left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    quote.classList.toggle("quote-ending", seconds <= 10);
    if (seconds > 0) return;
    clearInterval(timer);
    quote.classList.add("quote-expired");
    for (const part of quote.querySelectorAll("[data-running]")) part.hidden = true;
    for (const part of quote.querySelectorAll("[data-over]")) part.hidden = false;
  }
  tick();
}
