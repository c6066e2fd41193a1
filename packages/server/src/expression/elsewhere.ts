// Marks claims that another server keeps and the token only names. A condition must not treat them as missing: a token without
// groups and a token with too many groups look alike, and mean the opposite.
import { CannotTell } from './run.ts';

type Claims = Readonly<Record<string, unknown>>;

interface Missing {
  readonly names: ReadonlySet<string>;
  readonly whose: string;
}

/** Replaces, in a record, a claim that is kept elsewhere. */
export const ELSEWHERE = '[elsewhere]';

const MISSING = Symbol('kept elsewhere');

/** Microsoft Entra: in SAML assertions, an attribute says that another one is kept elsewhere. */
const GROUPS_LINK = 'http://schemas.microsoft.com/claims/groups.link';
const GROUPS = ['groups', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups'];

/**
 * Marks aggregated and distributed claims (OpenID Connect Core section 5.6.2), and the group overage of Microsoft Entra.
 * @param whose the party that the claims are about: `subject` or `actor`
 * @returns the claims, marked if some are kept elsewhere
 */
export function markElsewhere(claims: Claims, whose: string): Claims {
  const names = new Set<string>();
  const { _claim_names: referred, _claim_sources: sources, hasgroups } = claims;
  if (isObject(referred)) for (const name of Object.keys(referred)) names.add(name);
  // A source that does not list its claims may keep any; issuers move groups there.
  else if (referred !== undefined || sources !== undefined) names.add('groups');
  if (hasgroups !== undefined && hasgroups !== false && hasgroups !== null) names.add('groups');
  if (Object.hasOwn(claims, GROUPS_LINK)) for (const name of GROUPS) names.add(name);
  const { attributes } = claims;
  const marked = isObject(attributes) ? markElsewhere(attributes, whose) : attributes;
  if (names.size === 0 && marked === attributes) return claims;
  return Object.assign(Object.create(null), claims, {
    ...(marked !== attributes && { attributes: marked }),
    ...(names.size > 0 && { [MISSING]: { names, whose } satisfies Missing }),
  });
}

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const missingOf = (map: object): Missing | undefined => (map as { readonly [MISSING]?: Missing })[MISSING];

/** Is the member kept elsewhere? */
export const isElsewhere = (map: object, name: string): boolean => missingOf(map)?.names.has(name) ?? false;

/** @throws CannotTell if the member is kept elsewhere */
export function refuseElsewhere(map: object, name: string): void {
  const missing = missingOf(map);
  if (missing?.names.has(name)) throw keptElsewhere(missing, name);
}

/** For operations on all members, which need them complete. @throws CannotTell if some are kept elsewhere */
export function refuseIncomplete(map: object): void {
  const missing = missingOf(map);
  if (missing !== undefined) throw keptElsewhere(missing, [...missing.names].join(', '));
}

const keptElsewhere = ({ whose }: Missing, name: string): CannotTell =>
  new CannotTell('elsewhere', `the ${whose} token only says where to ask for ${name}`, whose);
