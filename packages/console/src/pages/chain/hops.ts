// Arranges a token and its ancestors as hops, and descendants as a tree.
import type { components } from '../../api/admin-api.ts';

export type Token = components['answers']['get-token']['token'];
type Parent = Token['parents'][number];

export interface Hop {
  readonly token: Token;
  /** The other parents: the token of the actor. */
  readonly beside: readonly Parent[];
  /** Scopes of the hop before that this one lacks. */
  readonly dropped: readonly string[];
}

/** What a token is about comes from these parents, the first of them if there are several. */
const LINE = ['subject', 'family', 'agreement'] as const;

const parentInLine = ({ parents }: Token): Parent | undefined =>
  LINE.map((as) => parents.find((one) => one.as === as)).find((one) => one !== undefined);

/** @param ancestors all that are known @returns from the first token to this one */
export function hopsOf(token: Token, ancestors: readonly Token[]): readonly Hop[] {
  const byId = new Map(ancestors.map((one) => [one.id, one]));
  const hops: Hop[] = [];
  const seen = new Set<string>();
  for (let next: Token | undefined = token; next !== undefined && !seen.has(next.id); ) {
    const current: Token = next;
    seen.add(current.id);
    const line = parentInLine(current);
    const before = line && byId.get(line.id);
    const scope = new Set(current.scope);
    hops.unshift({
      token: current,
      beside: current.parents.filter((one) => one !== line || before === undefined),
      dropped: current.scope === undefined ? [] : (before?.scope ?? []).filter((one) => !scope.has(one)),
    });
    next = before;
  }
  return hops.map((hop) => ({ ...hop, beside: hop.beside.filter(({ id }) => !seen.has(id)) }));
}

export interface Branch {
  readonly token: Token;
  readonly children: readonly Branch[];
}

/** @param tokens descendants of the root, parents before children. A token with several parents stands below the first that is listed. */
export function branchesOf(root: string, tokens: readonly Token[]): readonly Branch[] {
  const children = new Map<string, Branch[]>([[root, []]]);
  for (const token of tokens) {
    const own: Branch[] = [];
    children.set(token.id, own);
    const parent = token.parents.find(({ id }) => id !== token.id && children.has(id))?.id ?? root;
    children.get(parent)?.push({ token, children: own });
  }
  return children.get(root) ?? [];
}

interface Holder {
  readonly kind: 'actor' | 'client' | 'issuer' | 'nobody';
  readonly name: string;
}

/** One who had tokens of the chain, one after the other. */
export interface Station extends Holder {
  readonly hops: readonly [Hop, ...Hop[]];
}

export function stationsOf(hops: readonly Hop[]): readonly Station[] {
  const stations: Station[] = [];
  for (const hop of hops) {
    const holder = holderOf(hop.token);
    const last = stations.at(-1);
    if (last !== undefined && last.kind === holder.kind && last.name === holder.name)
      stations[stations.length - 1] = { ...last, hops: [...last.hops, hop] };
    else stations.push({ ...holder, hops: [hop] });
  }
  return stations;
}

/** Who has the token: the current actor, the client that got it, or the issuer of a token from elsewhere. */
function holderOf({ actors = [], client, subject, source }: Token): Holder {
  const [actor] = actors;
  if (actor !== undefined) return { kind: 'actor', name: actor.sub };
  if (client !== undefined) return { kind: 'client', name: client };
  if (source === 'presented' && subject !== undefined) return { kind: 'issuer', name: subject.iss };
  return { kind: 'nobody', name: 'not known' };
}

/** In words: `agent acts for ada`. */
export function describeParties({ subject, actors = [], client }: Token): string {
  const about = subject?.sub;
  const names = actors.map(({ sub }) => sub);
  const [current, ...others] = names;
  if (about === undefined) return client === undefined ? 'The row names nobody' : `Issued to ${client}`;
  if (current === undefined)
    return client === undefined || client === about ? about : `${client} has a token about ${about}`;
  const through = others.length === 0 ? '' : `, through ${others.join(' and ')}`;
  return `${current} acts for ${about}${through}`;
}
