// Which rights must stay, so that somebody can still change things by the admin API?
import type { UseReader } from '../audit/use.ts';

/** The clients that can get a token with `admin:write` for the admin API, and the rules by which they can. */
export interface OperatorRights {
  readonly clients: ReadonlySet<string>;
  /** Empty if they need no rule. */
  readonly rules: ReadonlySet<string>;
  /** Of the admin API. */
  readonly audience: string;
}

const WRITE = 'admin:write';
const NONE: ReadonlySet<string> = new Set();

/** @returns undefined if one of them used these rights, so that it stays without this */
export async function findLastOperators(
  since: number,
  use: UseReader,
  operators: OperatorRights,
): Promise<OperatorRights | undefined> {
  const { clients, audience } = operators;
  for (const id of clients) {
    const last = await use.lastUse('client', id);
    if (last === undefined || last < since) continue;
    const left = await use.unused('client', id, {
      clients: NONE,
      audiences: new Set([audience]),
      scopes: new Set([WRITE]),
    });
    if (left !== 'unknown' && left.audiences.size + left.scopes.size === 0) return undefined;
  }
  return operators;
}

/** @returns why the right stays; undefined if the operators do not need it */
export function noteOfOperators(
  { kind, name, of }: { readonly kind: string; readonly name: string; readonly of?: string },
  operators: OperatorRights | undefined,
): string | undefined {
  if (operators === undefined) return undefined;
  const { clients, rules, audience } = operators;
  const isNeeded =
    of === undefined
      ? (kind === 'client' && clients.has(name)) || (kind === 'rule' && rules.has(name))
      : isPartOf(of, 'client', clients) || isPartOf(of, 'rule', rules);
  const isAboutThem = of === undefined || (kind === 'client' ? clients.has(name) : [audience, WRITE].includes(name));
  return isNeeded && isAboutThem
    ? 'the admin API needs a client that can get admin:write, and none used that in this time'
    : undefined;
}

const isPartOf = (of: string, kind: 'client' | 'rule', names: ReadonlySet<string>): boolean =>
  of.startsWith(`${kind} `) && names.has(of.slice(kind.length + 1));
