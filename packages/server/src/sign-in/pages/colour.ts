// Computes with colours: their contrast (WCAG 2.2) and mixtures.

/** `#rrggbb` in lower case. */
export type Colour = `#${string}`;

/** @param text `#rgb` or `#rrggbb` @returns undefined for any other text */
export function parseColour(text: string): Colour | undefined {
  if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)) return undefined;
  const digits = text.length === 4 ? text.slice(1).replaceAll(/./g, '$&$&') : text.slice(1);
  return `#${digits.toLowerCase()}`;
}

const channelsOf = (colour: Colour): readonly number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** @param share of the other colour, from 0 to 1 */
export function mix(colour: Colour, other: Colour, share: number): Colour {
  const others = channelsOf(other);
  const mixed = channelsOf(colour).map((channel, index) => channel + ((others[index] ?? 0) - channel) * share);
  return `#${mixed.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;
}

/** From 1 for equal colours to 21 for black and white. */
export function contrastOf(a: Colour, b: Colour): number {
  const [dark = 0, light = 0] = [luminanceOf(a), luminanceOf(b)].sort((one, two) => one - two);
  return (light + 0.05) / (dark + 0.05);
}

function luminanceOf(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(colour).map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Mixes in the least of the other colour that gives this contrast with every background. */
export function adjust(colour: Colour, towards: Colour, grounds: readonly Colour[], contrast: number): Colour {
  const steps = Array.from({ length: 51 }, (_, index) => mix(colour, towards, index / 50));
  return steps.find((one) => grounds.every((ground) => contrastOf(one, ground) >= contrast)) ?? towards;
}
