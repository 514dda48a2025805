// The pages of a document below each other. Each is made on the server when it comes near.
export function startDocumentPages(view) {
  const count = Number(view.dataset.pagesOf);
  const first = view.querySelector("img");
  if (view.dataset.started || count < 2) return;
  view.dataset.started = "";
  const place = document.querySelector("[data-page-place]");
  const current = Number(first.dataset.page);
  const arrange = () => {
    // Pages that are not loaded take up as much room as the one that is.
    view.style.setProperty("--page-shape", `${first.naturalWidth || 3} / ${first.naturalHeight || 4}`);
    for (let page = 1; page <= count; page += 1) {
      if (page === current) continue;
      const image = Object.assign(document.createElement("img"), { loading: "lazy", className: "page" });
      image.alt = first.alt.replace(String(current), String(page));
      image.dataset.page = page;
      image.src = `${view.dataset.url}${page}?v=${view.dataset.version}`;
      if (page < current) view.insertBefore(image, first);
      else view.append(image);
    }
    if (current > 1) view.scrollTop = first.offsetTop;
    for (const link of document.querySelectorAll("[data-page-numbers] a")) link.remove();
    const watch = new IntersectionObserver(
      (entries) => {
        const shown = entries.find((entry) => entry.isIntersecting);
        if (shown && place) place.textContent = place.textContent.replace(/\d+/, shown.target.dataset.page);
      },
      { root: view, rootMargin: "-50% 0px -50% 0px" },
    );
    for (const image of view.querySelectorAll("img")) watch.observe(image);
  };
  if (first.complete) arrange();
  else first.addEventListener("load", arrange, { once: true });
}
