// Rules for the browser's scripts and for the browser tests. Run from the repository's root by `make check`.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      globals: { ...globals.browser, ...globals.node },
    },
    rules: { "max-len": ["error", { code: 120, ignoreTemplateLiterals: true, ignoreStrings: true }] },
  },
];
