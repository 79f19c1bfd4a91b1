import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/** The page has one door to its host, and the sentences stand in the message files. */
const oneDoor = {
  patterns: [{ group: ["@tauri-apps/*"], message: "Only src/engine.ts talks to Tauri." }],
};

export default ts.config(
  { ignores: ["dist/", "src/generated/"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    rules: {
      "no-restricted-imports": ["error", oneDoor],
      "no-console": "error",
      "max-lines": ["error", { max: 250, skipBlankLines: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "svelte/no-inline-styles": ["error", { allowTransitions: false }],
      "svelte/no-at-html-tags": "error",
      // Maps and the like are replaced whole here, never changed in place once they are state.
      "svelte/prefer-svelte-reactivity": "off",
      "svelte/require-each-key": "error",
      // Addresses here are `#/…` within one page: there is no base path to resolve against.
      "svelte/no-navigation-without-resolve": "off",
    },
  },
  { files: ["src/engine.ts"], rules: { "no-restricted-imports": "off" } },
  {
    files: ["src/messages/*.ts", "preview/**", "tests/**"],
    rules: { "max-lines": "off", "max-lines-per-function": "off" },
  },
);
