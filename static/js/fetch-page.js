// Pages that are asked for beside the one that is shown.

/** The page at `href` as a document of its own; throws for anything but a page that is still there. */
export async function fetchPage(href) {
  const answer = await fetch(href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}
