// Reads and writes the claim `sub_profile` (draft-mora-oauth-entity-profiles): words for the kinds of a party, between blanks.
import type { JsonObject } from './strict-json.ts';

const WORDS = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;
const MAX_CHARACTERS = 256;

/** The claim as it stands, if it has the form; a malformed one says nothing. For a new hop of `act`, or a token about the same party. */
export const profileClaim = ({ sub_profile: words }: JsonObject): JsonObject =>
  typeof words === 'string' && words.length <= MAX_CHARACTERS && WORDS.test(words) ? { sub_profile: words } : {};

/** The claim for the kinds of an entry of the configuration. */
export const formatProfile = (words: readonly string[] = []): JsonObject =>
  words.length === 0 ? {} : { sub_profile: words.join(' ') };
