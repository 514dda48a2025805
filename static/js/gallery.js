// A click on a photo opens the viewer; with a modifier key or without this script, the item's page opens.
export function startGallery() {
  // The address of a photo opens it.
  document.addEventListener("turbo:load", async () => {
    const id = new URLSearchParams(location.search).get("view");
    const link = id && document.querySelector(`[data-tile="${CSS.escape(id)}"] [data-view]`);
    if (!link || document.querySelector("[data-viewer]")) return;
    const list = new URL(location.href);
    list.searchParams.delete("view");
    history.replaceState(history.state, "", list);
    const { openViewer } = await import("./viewer.js");
    openViewer(link);
  });
  document.addEventListener("click", async (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    // During a selection, a click selects a tile, with Shift all tiles since the previous one.
    const selected = event.target.closest(".tile-grid-on .tile-link");
    const box = selected?.closest("[data-tile]").querySelector('input[type="checkbox"]');
    if (box) {
      event.preventDefault();
      box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
      return;
    }
    const link = event.target.closest('[data-view="photo"], [data-view="video"]');
    if (!link || event.shiftKey) return;
    event.preventDefault();
    try {
      const { openViewer } = await import("./viewer.js");
      openViewer(link);
    } catch {
      location.assign(link.href);
    }
  });
}
