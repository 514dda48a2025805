// Fetches pages in the background.

/** Returns the page at `href` as a document; throws if it no longer exists or is not a page. */
export async function fetchPage(href) {
  const answer = await fetch(href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}
