// Resolves the branding of the pages: name, logo and colour of the organisation, and websites.
import { showUrl } from '../primitives/form.ts';
import { isLoopback } from '../primitives/network.ts';
import { type Branding, createBranding, TEXT_CONTRAST } from '../sign-in/pages/branding.ts';
import { adjust, type Colour, contrastOf, parseColour } from '../sign-in/pages/colour.ts';
import type { Complain, Path } from './fault.ts';
import { readLogo } from './logo.ts';
import type { ConfigurationFile } from './schema.ts';
import type { Surroundings } from './source.ts';

export function resolveBranding({ branding }: ConfigurationFile, around: Surroundings): Branding {
  const { name, logo, color, language, documentation } = branding;
  const { complain } = around;
  return createBranding({
    name,
    logo: logo === undefined ? undefined : readLogo(logo, ['branding', 'logo'], around),
    color: color === undefined ? undefined : checkColour(color, ['branding', 'color'], complain),
    language,
    documentation: readWebsite(documentation, ['branding', 'documentation'], complain),
  });
}

/** Must contrast with white: it is a background of white text, and a text on white. */
function checkColour(text: string, path: Path, complain: Complain): Colour | undefined {
  const colour = parseColour(text);
  if (colour === undefined) {
    complain(path, `“${text}” is not a colour. Write # and six hexadecimal digits in quotes, such as '#1f5a4d'`);
    return undefined;
  }
  const contrast = contrastOf(colour, '#ffffff');
  if (contrast < TEXT_CONTRAST) {
    const darker = adjust(colour, '#000000', ['#ffffff'], TEXT_CONTRAST);
    complain(
      path,
      `${text} is too light: its contrast with white is ${Math.floor(contrast * 100) / 100}:1, and text needs ${TEXT_CONTRAST}:1 (WCAG 2.2). A darker one is '${darker}'`,
    );
  }
  return colour;
}

/** @returns the address of a link; undefined after reporting a fault */
export function readWebsite(text: string | undefined, path: Path, complain: Complain): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isGood =
    url !== undefined &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) &&
    url.username === '' &&
    url.password === '' &&
    // `new URL` ignores these.
    !/[\s\p{C}\\]/u.test(text);
  if (isGood) return text;
  complain(
    path,
    `${showUrl(text)} is not the address of a website. Write an https URL without a user name, such as https://www.example.com`,
  );
  return undefined;
}
