// Refuses tokens and codes whose record another region has, before they count as unknown. Nothing is believed of the text: it only
// says where to send the request.
import { Refusal } from '../primitives/refusal.ts';

export interface Elsewhere {
  /** @returns the other region that made an id, if the id says so */
  readonly regionOf: (id: string) => string | undefined;
  /** Did another region make the id, also one that the file does not have any more? */
  readonly isMadeElsewhere: (id: string) => boolean;
  /** The same of a code. */
  readonly regionOfCode: (code: string) => string | undefined;
}

/** With one region, there is no other one. */
export const NOWHERE_ELSE: Elsewhere = {
  regionOf: () => undefined,
  isMadeElsewhere: () => false,
  regionOfCode: () => undefined,
};

/** @throws Refusal wrong_region */
export function refuseOtherRegion(region: string | undefined): void {
  if (region !== undefined) throw new Refusal('wrong_region', { detail: `the region ${region} issued it` });
}
