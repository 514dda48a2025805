// Addresses of this server, which may stand below a path of another site's.
const root = document.documentElement.dataset.root;

/** The name under which a page keeps something: what else stands on that host name keeps its own. */
export const keptAs = (name) => (root === "/" ? name : `${name}${root}`);

/** The address of `path`, which begins with a slash. */
export const address = (path) => root + path.slice(1);
