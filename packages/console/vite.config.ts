// Builds the console into static files with relative addresses, because the server may be below a path.
import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core';
import { defineConfig, type Plugin } from 'vite';
import { theme } from './src/theme.ts';

const NAME = 'virtual:theme.css';

/**
 * Writes the variables of the theme into the style sheet. Mantine would write them into an inline <style>, which the content
 * security policy refuses.
 */
const themeSheet = (): Plugin => ({
  name: 'theme-sheet',
  resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
  load: (id) =>
    id === `\0${NAME}`
      ? convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme)), ':root')
      : undefined,
});

export default defineConfig({
  base: './',
  plugins: [themeSheet()],
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    // A small file as a data: URL would need a wider content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1024,
    reportCompressedSize: false,
    rolldownOptions: {
      // React libraries mark modules for a server that renders them. There is none.
      onwarn: (warning, report) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && report(warning),
    },
  },
});
