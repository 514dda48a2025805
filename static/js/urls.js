// URLs of this server, which may be below a path such as /nexus.
const root = document.documentElement.dataset.root;

/** A storage key that differs from those of other sites on the same host. */
export const storageKey = (name) => (root === "/" ? name : `${name}${root}`);

/** A storage key for what belongs to the user of the page, or to the visitor of a share link. */
export const personKey = (name) => storageKey(`${name}-${document.body.dataset.person ?? ""}`);

/** The URL of `path`, which begins with a slash. */
export const address = (path) => root + path.slice(1);

/** Why the server refused something: what is wrong with the first field, or otherwise the whole. */
export const reasonOf = ({ error }) => error?.details?.[0]?.message ?? error?.message;
