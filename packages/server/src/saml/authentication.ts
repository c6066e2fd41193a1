// Joins the statements of an assertion that say when and how the subject signed in.
import { TokenRefusal } from '../primitives/refusal.ts';
import { excerpt } from './element.ts';
import type { SamlIdentity } from './identity.ts';

export type Authentication = Pick<SamlIdentity, 'authnInstant' | 'authnContext' | 'sessionNotOnOrAfter'>;

/**
 * Takes the earliest sign-in and the earliest end of a session: the later of two statements must not satisfy a limit on age.
 * @param statements each of them was checked alone
 * @throws TokenRefusal claims if they name different classes, because it is unclear which of them holds
 */
export function joinAuthentications(statements: readonly Authentication[]): Authentication {
  const classes = [...new Set(statements.map(({ authnContext }) => authnContext))];
  if (classes.length > 1) {
    const named = classes.map((one) => excerpt(one ?? 'no class')).join(' and ');
    throw new TokenRefusal('claims', `its authentication statements contradict each other: ${named}`);
  }
  return {
    authnInstant: earliest(statements.map(({ authnInstant }) => authnInstant)),
    authnContext: classes[0],
    sessionNotOnOrAfter: earliest(statements.map(({ sessionNotOnOrAfter }) => sessionNotOnOrAfter)),
  };
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
