// Reads the quality of a range in an Accept header (RFC 9110 section 12.4.2).

const QUALITY = /^q=([01](?:\.\d{0,3})?)$/i;

/** @returns 1 without a quality; 0 for one that cannot be read: it must not beat one that can */
export function qualityOf(parameters: readonly string[]): number {
  const given = parameters.find((one) => /^q=/i.test(one));
  return given === undefined ? 1 : Number(QUALITY.exec(given)?.[1] ?? 0);
}
