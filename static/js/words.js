// Texts of scripts in the language of the page. The English ones are the keys of their translations, which the server
// puts into the page.
let translations = null;

function find(text) {
  translations ??= JSON.parse(document.getElementById("words")?.content.textContent ?? "{}");
  return translations[text];
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** Marks a text that is translated where it is shown. */
export const msg = (text) => text;

/** The text with its values: `t("Move {name}", { name })`. */
export const t = (text, values = {}) => fill(find(text)?.[0] ?? text, values);

/** The text for a number, which replaces `{n}`. */
export function nt(number, one, many, values = {}) {
  const [single, several] = find(one) ?? [one, many];
  const shown = number.toLocaleString(document.documentElement.lang);
  return fill(number === 1 ? single : several, { n: shown, ...values });
}
