// A click on a picture opens the viewer on the page's pictures; with a modifier, or without this, its own page opens.
export function startGallery() {
  document.addEventListener('click', async (event) => {
    const link = event.target.closest('[data-view="photo"], [data-view="video"]');
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.defaultPrevented) return;
    const selecting = document.querySelector('.tile-grid-on');
    if (selecting && selecting.contains(link)) {
      // While things are being selected, a click selects.
      event.preventDefault();
      link.closest('[data-tile]').querySelector('input[type="checkbox"]')?.click();
      return;
    }
    event.preventDefault();
    try {
      const { openViewer } = await import('./viewer.js');
      openViewer(link);
    } catch {
      location.assign(link.href);
    }
  });
}
