// Sets the colours before anything is painted, so it is a plain script: what the reader chose, else what the system says.
(() => {
  const chosen = localStorage.getItem("callboard.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
