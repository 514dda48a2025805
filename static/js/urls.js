// URLs of this server, which may be below a path such as /nexus.
const root = document.documentElement.dataset.root;

/** A storage key that differs from those of other sites on the same host. */
export const storageKey = (name) => (root === "/" ? name : `${name}${root}`);

/** A storage key for what belongs to the user of the page, or to the visitor of a share link. */
export const personKey = (name) => storageKey(`${name}-${document.body.dataset.person ?? ""}`);

/** The URL of `path`, which begins with a slash. */
export const address = (path) => root + path.slice(1);

/** The path of the library of others that the page belongs to, such as `/spaces/7`; none in the user's own. */
export const libraryOfPage = () => document.body.dataset.library ?? "";

/** The URL of a path of a library: that of the page, or the one that is named. */
export const libraryAddress = (path, library = libraryOfPage()) =>
  address(path.startsWith("/api/") && library ? `/api${library}${path.slice(4)}` : library + path);

/** Whether the user may do what a level of a space allows; in their own library, everything. */
export function mayDo(level) {
  const levels = ["view", "contribute", "edit", "manage"];
  const given = document.body.dataset.level;
  return !given || levels.indexOf(given) >= levels.indexOf(level);
}

/** Why the server refused something: what is wrong with the first field, or otherwise the whole. */
export const reasonOf = ({ error }) => error?.details?.[0]?.message ?? error?.message;
