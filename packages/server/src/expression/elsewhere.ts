// Marks claims that cannot be read here: another server keeps them and the token only names them, or an assertion states them in a
// form that is not text. A condition must not treat them as missing: a token without groups and one with too many look alike.
import { CannotTell } from './run.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Why each of these members has no value that could be read, and whose token it is. */
interface Missing {
  readonly problems: ReadonlyMap<string, string>;
  readonly whose: string;
}

/** Replaces, in a record, a claim that is kept elsewhere. */
export const ELSEWHERE = '[elsewhere]';

const MISSING = Symbol('cannot be read here');

/** Microsoft Entra: in SAML assertions, an attribute says that another one is kept elsewhere. */
const GROUPS_LINK = 'http://schemas.microsoft.com/claims/groups.link';
const GROUPS = ['groups', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups'];

/** Why a member of an assertion cannot be read. */
const reasons = {
  elements: 'a value holds elements, not text',
  formats: 'it is stated in several formats',
  name: 'it does not name the subject permanently',
  person: 'the person has not signed in here, or not for long',
} as const;
export type Unreadable = keyof typeof reasons;

/** The reason in words. Another text is a claim of a foreign token, which no problem may show. */
export const describeUnreadable = (why: unknown): string =>
  typeof why === 'string' && Object.hasOwn(reasons, why) ? reasons[why as Unreadable] : 'its form is not known';

/**
 * The member of a party's facts that says which other members cannot be read. `attributes` in it has the same for the attributes.
 * It is plain JSON, because refresh families remember the facts.
 */
export const UNREADABLE = 'unreadable';

/**
 * Marks aggregated and distributed claims (OpenID Connect Core section 5.6.2), the group overage of Microsoft Entra, and what an
 * assertion states in a form that cannot be read.
 * @param whose the party that the claims are about: `subject` or `actor`
 * @returns the claims, marked if some have no value that could be read
 */
export function markElsewhere(claims: Claims, whose: string): Claims {
  const { attributes, [UNREADABLE]: unreadable } = claims;
  const { attributes: inner, ...own } = isObject(unreadable) ? unreadable : {};
  const marked = isObject(attributes) ? mark(attributes, isObject(inner) ? inner : {}, whose) : attributes;
  const both = marked === attributes ? claims : Object.assign(Object.create(null), claims, { attributes: marked });
  return mark(both, own, whose);
}

function mark(claims: Claims, unreadable: Claims, whose: string): Claims {
  const problems = new Map<string, string>();
  for (const [name, why] of Object.entries(unreadable))
    problems.set(name, `${name} of the ${whose} token cannot be read: ${describeUnreadable(why)}`);
  for (const name of referredTo(claims, unreadable))
    problems.set(name, `the ${whose} token only says where to ask for ${name}`);
  if (problems.size === 0) return claims;
  return Object.assign(Object.create(null), claims, { [MISSING]: { problems, whose } satisfies Missing });
}

/** The names of claims that are kept elsewhere. */
function referredTo(claims: Claims, unreadable: Claims): readonly string[] {
  const { _claim_names: referred, _claim_sources: sources, hasgroups } = claims;
  const names: string[] = [];
  if (isObject(referred)) names.push(...Object.keys(referred));
  // A source that does not list its claims may keep any; issuers move groups there.
  else if (referred !== undefined || sources !== undefined) names.push('groups');
  if (hasgroups !== undefined && hasgroups !== false && hasgroups !== null) names.push('groups');
  if (Object.hasOwn(claims, GROUPS_LINK) || Object.hasOwn(unreadable, GROUPS_LINK)) names.push(...GROUPS);
  return names;
}

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const missingOf = (map: object): Missing | undefined => (map as { readonly [MISSING]?: Missing })[MISSING];

/** Does the member have a value that cannot be read here? */
export const isElsewhere = (map: object, name: string): boolean => missingOf(map)?.problems.has(name) ?? false;

/** @throws CannotTell if the member has a value that cannot be read here */
export function refuseElsewhere(map: object, name: string): void {
  const missing = missingOf(map);
  const problem = missing?.problems.get(name);
  if (missing !== undefined && problem !== undefined) throw new CannotTell('elsewhere', problem, missing.whose);
}

/** For operations on all members, which need them complete. @throws CannotTell if the values of some cannot be read here */
export function refuseIncomplete(map: object): void {
  const missing = missingOf(map);
  if (missing !== undefined)
    throw new CannotTell('elsewhere', [...missing.problems.values()].join('; '), missing.whose);
}
