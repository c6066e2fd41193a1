// Patterns of audiences. In a URL, a pattern must not lead to another host, nor out of its path.
import { normalAudience } from '../narrowing/targets.ts';
import { isPattern, matchesPattern } from '../primitives/pattern.ts';

const URL_PATTERN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#*\\\s]+\/(?:[^?#*\\\s]*\/)?\*$/i;

/** A `*` is at the end; in a URL, after a slash behind the host. */
export const isAudiencePattern = (text: string): boolean =>
  isPattern(text) && (!text.includes('://') || !text.endsWith('*') || URL_PATTERN.test(text));

/** Does one of the patterns match the audience or the location, in its normal form? A URL in another form has no match. */
export const matchesAudience = (patterns: readonly string[], name: string): boolean => {
  const normal = normalAudience(name);
  const isUrl = normal.includes('://');
  if (isUrl && !(URL.canParse(normal) && new URL(normal).href === normal)) return false;
  return patterns.some((pattern) => {
    if (!pattern.endsWith('*')) return normalAudience(pattern) === normal;
    return pattern.includes('://') === isUrl && matchesPattern(pattern, normal);
  });
};
