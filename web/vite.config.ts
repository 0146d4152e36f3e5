import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "../src/asklearn/server/static", emptyOutDir: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
