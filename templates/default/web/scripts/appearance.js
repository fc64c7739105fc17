// The switch between light and dark. What a reader chooses is remembered on this device; without
// a choice the system's wish holds, and needs no script. Runs before the page is painted.
{
  const root = document.documentElement;
  const key = "imprint:appearance";
  const system = matchMedia("(prefers-color-scheme: dark)");

  const remembered = () => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const remember = (choice) => {
    try {
      if (choice) localStorage.setItem(key, choice);
      else localStorage.removeItem(key);
    } catch { /* a browser that keeps nothing */ }
  };
  const isDark = () => (root.dataset.appearance ?? (system.matches ? "dark" : "light")) === "dark";
  const apply = (choice) => {
    if (choice === "dark" || choice === "light") root.dataset.appearance = choice;
    else delete root.dataset.appearance;
  };

  apply(remembered());
  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".appearance");
    if (!button) return;
    const show = () => { button.ariaPressed = String(isDark()); };
    button.addEventListener("click", () => {
      const wish = isDark() ? "light" : "dark";
      const choice = wish === (system.matches ? "dark" : "light") ? "" : wish;
      apply(choice);
      remember(choice);
      show();
    });
    system.addEventListener("change", show);
    show();
    button.closest("[hidden]")?.removeAttribute("hidden");
  });
}
