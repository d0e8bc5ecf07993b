/* A form that has been sent is not sent again by a second click. The server refuses the second one anyway. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
/* Ctrl+K or Cmd+K leads to the search page. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
  const search = document.querySelector('#nav-sidebar a[href$="/search/"]');
  if (search) { event.preventDefault(); location.assign(search.href); }
});
