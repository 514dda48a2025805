// Menus close on Escape and on a click elsewhere.
export function startMenus() {
  const open = () => document.querySelectorAll("[data-menu][open], [data-more][open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  // A link to a form in a menu opens it.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    const menu = target?.closest("[data-menu]");
    if (!menu) return;
    menu.open = true;
    target.querySelector("input:not([type=hidden])")?.focus();
  };
  document.addEventListener("turbo:load", reveal);
  addEventListener("hashchange", reveal);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
