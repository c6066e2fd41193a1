// The services that depend on regions: keys of all of them, answers to each, and single-use ids.
import type { KeyRing } from '../keys/key-ring.ts';
import type { KeySchedule } from '../keys/key-sets.ts';
import { type Elsewhere, NOWHERE_ELSE } from './elsewhere.ts';
import type { Regions } from './regions.ts';

export interface RegionServices {
  readonly elsewhere: Elsewhere;
  /** @throws Refusal region_unavailable if the region of single-use ids cannot be asked */
  readonly claimUse: Regions['claim'];
  readonly untilRead: Regions['untilRead'];
  /** Undefined if the server has one region. */
  readonly answerRegion: ((request: string) => ReturnType<Regions['answer']>) | undefined;
}

const ONE_REGION: RegionServices = {
  elsewhere: NOWHERE_ELSE,
  claimUse: async () => true,
  untilRead: async () => undefined,
  answerRegion: undefined,
};

/** Verifies tokens of other regions, too, and publishes their keys. This region signs with its own. */
export const withRegions = (ring: KeyRing, regions: Regions | undefined): KeyRing =>
  regions === undefined
    ? ring
    : {
        ...ring,
        verifying: (kid) => ring.verifying(kid) ?? regions.verifying(kid),
        published: (set = '') => [...ring.published(set), ...regions.published(set)],
      };

export function serveRegions(
  regions: Regions | undefined,
  { published, states }: KeyRing,
  { sets }: KeySchedule,
): RegionServices {
  if (regions === undefined) return ONE_REGION;
  const publishedHere = (set: string) => {
    const own = new Set(states().map(({ kid }) => kid));
    return published(set).filter(({ kid }) => own.has(kid));
  };
  return {
    elsewhere: regions,
    claimUse: regions.claim,
    untilRead: regions.untilRead,
    answerRegion: (request) =>
      regions.answer(request, new Map([...sets.keys()].map((set) => [set, publishedHere(set)]))),
  };
}
