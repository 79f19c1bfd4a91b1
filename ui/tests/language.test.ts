import { afterEach, expect, test, vi } from "vitest";

function systemSays(language: string) {
  Object.defineProperty(navigator, "language", { value: language, configurable: true });
  Object.defineProperty(navigator, "languages", { value: [language], configurable: true });
}

afterEach(() => {
  systemSays("en-US");
  vi.resetModules();
});

test.each([
  ["C", "en"], // WebKit under LANG=C
  ["", "en"],
  ["de-DE", "de-DE"],
  ["nb", "nb"],
])("a system that says %o is heard as %o", async (said, heard) => {
  systemSays(said);
  await import("../src/language");
  expect(navigator.language).toBe(heard);
  expect(navigator.languages).toEqual([heard]);
  expect(() => new Intl.NumberFormat(navigator.language)).not.toThrow();
});

test("it comes before everything else that loads", async () => {
  const { readFileSync } = await import("node:fs");
  const imports = readFileSync("src/main.ts", "utf8").match(/^import .*$/gm);
  expect(imports?.[0]).toBe('import "./language";');
});
