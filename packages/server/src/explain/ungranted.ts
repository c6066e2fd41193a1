// Finds the rule or client to change so that a target is granted. The file of a team may not have every audience.
import type { AuditEvent } from '../audit/event.ts';
import { parseResourceUri, type Targeting } from '../narrowing/targets.ts';
import { PARTS, type Part } from '../policy/match.ts';
import type { Policy } from '../policy/policy.ts';
import { type Find, indexOf, locate } from './locate.ts';

/** The rules that allow and came nearest, in the order of the file: those in which the most parts matched. */
export function nearestRules({ mismatches = [] }: AuditEvent, { rules }: Policy): readonly string[] {
  const allowing = new Set(rules.filter(({ mode }) => mode === 'enforce').map(({ name }) => name));
  const missed = mismatches.filter((one) => allowing.has(one.rule));
  const depth = ({ part }: (typeof missed)[number]): number => PARTS.indexOf(part as Part);
  const furthest = Math.max(...missed.map(depth));
  return missed.filter((one) => depth(one) === furthest).map((one) => one.rule);
}

/** Finds the list that lacks the audience. A rule or client in the file of a team may not have any audience. */
export const ungranted: Find = (event, context) => {
  const { client: id, mismatches, rule: decided } = event;
  const { file, policy } = context;
  const asked = namesAsked(event, context.targeting);
  const mayName = (section: string, name: string): boolean => {
    const index = indexOf(section, name, file, policy);
    return index === -1 || asked.every((names) => names.some((audience) => file.mayName([section, index], audience)));
  };
  const isByRule = decided !== undefined || mismatches !== undefined;
  const [section, key] = isByRule ? ['rules', 'grant.audiences'] : ['clients', 'audiences'];
  const names = !isByRule ? [id ?? ''] : decided === undefined ? nearestRules(event, policy) : [decided];
  const name = names.find((one) => mayName(section, one));
  if (name !== undefined || names[0] === undefined) return { section, name, ...(name !== undefined && { key }) };
  const { at = '' } = locate({ section, name: names[0] }, context);
  const what = isByRule ? 'a rule for the client' : 'the client';
  const remedy = `Write ${what} in the main file: the limits of ${at.replace(/:\d+$/, '')} exclude the audience. Or let the entry of include there have it.`;
  return { section, remedy };
};

/** The names that an entry of the file can have for each requested target. */
function namesAsked(
  { audiencesAsked = [], resourcesAsked = [] }: AuditEvent,
  { byAudience, byUri, elsewhere }: Targeting,
): readonly (readonly string[])[] {
  return [...audiencesAsked, ...resourcesAsked].map((name) => {
    const uri = parseResourceUri(name);
    const found = byAudience(name) ?? (uri && byUri(uri)) ?? elsewhere.byServer(name)?.[0] ?? elsewhere.byName(name);
    return [found?.audience ?? name, ...(found?.server === undefined ? [] : [found.server.issuer])];
  });
}
