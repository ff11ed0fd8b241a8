// Light or dark, before anything is drawn: what was chosen here last, else what the system prefers.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("course-theme"); } catch { /* a page opened as a file may keep nothing */ }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const set = theme => { document.documentElement.dataset.theme = theme; };
  set(chosen || (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => { if (!chosen) set(dark.matches ? "dark" : "light"); });
  window.courseTheme = () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    set(chosen);
    try { localStorage.setItem("course-theme", chosen); } catch { /* then it holds for this page */ }
  };
})();
