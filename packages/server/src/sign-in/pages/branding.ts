// The organisation's name, logo and colour on the pages. The style sheet is built once for each version of the configuration.
import { adjust, type Colour, mix } from './colour.ts';
import type { Language } from './languages/index.ts';
import { colours, createSheet, type Sheet } from './style.ts';

export interface BrandingEntry {
  /** Name of the organisation. */
  readonly name: string | undefined;
  /** A `data:` URI of an image. */
  readonly logo: string | undefined;
  /** Of buttons and links. */
  readonly color: Colour | undefined;
  /** For requests that name no language of the pages. */
  readonly language: Language;
  /** The URL of documentation for developers. */
  readonly documentation: string | undefined;
}

export interface Branding extends Omit<BrandingEntry, 'color'> {
  readonly sheet: Sheet;
}

/** Contrast of text (WCAG 2.2, 1.4.3). */
export const TEXT_CONTRAST = 4.5;

export const createBranding = ({ color, ...entry }: BrandingEntry): Branding => ({
  ...entry,
  sheet: createSheet(color === undefined ? {} : accentsOf(color)),
});

/** In dark mode the colour is lightened until it has enough contrast. */
function accentsOf(color: Colour): Partial<Record<keyof typeof colours, readonly [light: Colour, dark: Colour]>> {
  const dark = adjust(color, '#ffffff', [colours.inset[1], colours.onAccent[1]], TEXT_CONTRAST);
  return {
    accent: [color, dark],
    press: [mix(color, '#000000', 0.2), mix(dark, '#ffffff', 0.3)],
  };
}
