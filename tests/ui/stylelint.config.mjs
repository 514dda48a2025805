// Rules for the style sheets. Run from the repository's root by `make check`.
export default {
  extends: "stylelint-config-standard",
  rules: {
    // Prefixes are supported by more browsers than ranges.
    "media-feature-range-notation": "prefix",
    // Parts of the sheet are joined in the order of build.rs.
    "no-descending-specificity": null,
    // PhotoSwipe uses double underscores.
    "selector-class-pattern": null,
    // Safari on iOS knows only the prefixed property.
    "property-no-vendor-prefix": [true, { ignoreProperties: ["text-size-adjust"] }],
  },
};
