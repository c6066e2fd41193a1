// The look of the console: the green of the sign-in pages, and the same fonts.
import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** From light to dark. 3 is the accent of the sign-in pages in dark mode, 8 in light mode. */
const green: MantineColorsTuple = [
  '#eef6f3',
  '#d9ebe5',
  '#b4dacd',
  '#8fd3c1',
  '#62b39e',
  '#44967f',
  '#337c69',
  '#286a59',
  '#1f5a4d',
  '#174439',
];

const SYSTEM = "-apple-system, 'Segoe UI', Roboto, Inter, 'Helvetica Neue', Arial, sans-serif";
const MONOSPACE = "ui-monospace, 'SF Mono', 'Cascadia Mono', 'Segoe UI Mono', Menlo, Consolas, monospace";

export const theme = createTheme({
  colors: { green },
  primaryColor: 'green',
  // White text on it has enough contrast in both modes.
  primaryShade: 8,
  black: '#1b1a18',
  fontFamily: SYSTEM,
  fontFamilyMonospace: MONOSPACE,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: { Badge: { defaultProps: { tt: 'none', fw: 600 } } },
  headings: { fontFamily: SYSTEM, fontWeight: '650' },
});
