// Light or dark: what the reader chose, else what the system says.
import { signal } from "./ui.js";

/** As lib/theme.js reads it. */
const KEPT_AS = "callboard.theme";

export const theme = signal(localStorage.getItem(KEPT_AS) ?? "system");
/** Counts changes of colours, for what is painted on a canvas. */
export const painted = signal(0);

export function chooseTheme(name) {
  theme.value = name;
  if (name === "system") {
    localStorage.removeItem(KEPT_AS);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEPT_AS, name);
    document.documentElement.dataset.theme = name;
  }
  painted.value += 1;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  painted.value += 1;
});

/** A colour of style.css by its name, as it is painted. */
export function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const painted = getComputedStyle(probe).color;
  probe.remove();
  return painted;
}
