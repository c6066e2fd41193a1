// Which rights did no request use? Compares the rules and clients of the file with what the audit log recorded.
import type { Names, UseReader } from '../audit/use.ts';
import type { Client, Clients } from '../model/client.ts';
import { SIGN_IN_SCOPES } from '../narrowing/narrow.ts';
import type { Targeting } from '../narrowing/targets.ts';
import { allRules, type Policy } from '../policy/policy.ts';
import type { AnyRule, Rule } from '../policy/rule.ts';
import { patternsOf } from '../primitives/spiffe-id.ts';
import { findLastOperators, noteOfOperators, type OperatorRights } from './last-operators.ts';
import { findSuccessor, readsOffer } from './successor.ts';

type Path = readonly (string | number)[];
type Entry = Readonly<Record<string, unknown>>;

/** The configuration in force. */
export interface UnusedContext {
  readonly policy: Policy;
  readonly clients: Clients;
  readonly targeting: Pick<Targeting, 'byAudience'>;
  readonly entries: Readonly<Record<'rules', readonly object[]>>;
  /** The clients of the file by id, in its order. */
  readonly fileClients: ReadonlyMap<string, object>;
  readonly placeOf: (path: Path) => string;
  /** When a client was registered at run time, in milliseconds since 1970. */
  readonly registeredAt: (client: string) => number | undefined;
  /** Undefined: no right stays for them. */
  readonly operators: OperatorRights | undefined;
}

export interface UnusedRight {
  readonly kind: 'rule' | 'client' | 'audience' | 'scope';
  readonly name: string;
  /** The rule or client that has it, such as `rule orders`; absent for a rule and a client. */
  readonly of?: string;
  /** The last use before the window, in ISO 8601; absent if the log has none. */
  readonly lastUsed?: string;
  /** `cambio.yaml:12`; absent for a client that was registered at run time. */
  readonly at?: string;
  /** The keys that lead to it in the file. */
  readonly path?: Path;
  /** The client that must be removed with it: without the rule, a later one could decide for the client. */
  readonly with?: string;
  /** Why it is not proposed for removal. */
  readonly note?: string;
}

export interface UnusedReport {
  readonly since: string;
  /** The time of the first row; absent if the log is empty. */
  readonly begins?: string;
  /** Rights that could be removed. */
  readonly unused: readonly UnusedRight[];
  /** Rights that were not used and are not proposed for removal. */
  readonly kept: readonly UnusedRight[];
  /** Rules without a test. */
  readonly untested: readonly string[];
  /** The rules and clients whose rows would have taken too long to read. Their clients, audiences and scopes are not known. */
  readonly unread: readonly string[];
  /** The number of rights beyond the limit, which are not listed. */
  readonly more: number;
}

/** Maximum number of rights that a report lists. */
const MAX_RIGHTS = 10_000;

/** @param since in milliseconds since 1970 */
export async function findUnused(since: number, use: UseReader, context: UnusedContext): Promise<UnusedReport> {
  const begins = await use.begins();
  const finder = new UnusedFinder(since, use, {
    ...context,
    operators: context.operators && (await findLastOperators(since, use, context.operators)),
  });
  for (const client of context.clients.values()) await finder.lookAtClient(client);
  const ofClients = finder.found.splice(0);
  for (const rule of allRules(context.policy)) await finder.lookAtRule(rule);
  const { unread } = finder;
  const found = [...finder.found, ...ofClients];
  const listed = found.slice(0, MAX_RIGHTS);
  return {
    since: isoOf(since),
    ...(begins !== undefined && { begins: isoOf(begins) }),
    unused: listed.filter(({ note }) => note === undefined),
    kept: listed.filter(({ note }) => note !== undefined),
    untested: allRules(context.policy)
      .filter(({ position }) => !hasTests(context.entries.rules[position]))
      .map(({ name }) => name),
    unread,
    more: found.length - listed.length,
  };
}

const isoOf = (time: number): string => new Date(time).toISOString();
const hasTests = (entry: object | undefined): boolean =>
  ((entry as Entry | undefined)?.tests as readonly unknown[] | undefined)?.[0] !== undefined;

class UnusedFinder {
  readonly found: UnusedRight[] = [];
  readonly unread: string[] = [];
  readonly #since: number;
  readonly #use: UseReader;
  readonly #context: UnusedContext;
  /** The place of each client in the file. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #bySpiffeId: ReadonlyMap<string | undefined, string>;
  /** A rule that names a client in another place than the list of those that it allows. */
  readonly #namedBy: ReadonlyMap<string, string>;
  /** Clients that could be removed. */
  readonly #retired = new Set<string>();

  constructor(since: number, use: UseReader, context: UnusedContext) {
    this.#since = since;
    this.#use = use;
    this.#context = context;
    this.#places = new Map([...context.fileClients.keys()].map((id, place) => [id, place]));
    this.#bySpiffeId = new Map([...context.clients.values()].map(({ id, spiffeId }) => [spiffeId, id]));
    this.#namedBy = new Map(
      allRules(context.policy).flatMap((rule) => [...otherClientsOf(rule)].map((id) => [id, rule.name] as const)),
    );
  }

  async lookAtRule(rule: AnyRule): Promise<void> {
    const { name, position } = rule;
    const path = ['rules', position];
    const last = await this.#use.lastUse('rule', name);
    if (last !== undefined && last >= this.#since) {
      if (rule.effect === 'allow') await this.#lookWithinRule(rule, path);
      return;
    }
    const [client, ...others] = rule.clients === 'any' ? [] : rule.clients;
    const note = await this.#noteOfRule(rule);
    if (note === 'used') return;
    const isRetired = rule.effect === 'allow' && others.length === 0 && this.#retired.has(client ?? '');
    const alone = note !== undefined && isRetired ? { with: client, note: undefined } : { note };
    this.#add({ kind: 'rule', name, last, path, ...alone });
  }

  async #noteOfRule(rule: AnyRule): Promise<string | undefined> {
    if (rule.mode === 'audit') {
      const seen = await this.#use.hasShadow(rule.name, rule.clients);
      if (seen === true) return 'used';
      if (seen === false) return 'mode: audit, so it decides nothing; no request matched it either';
      this.unread.push(`rule ${rule.name}`);
      return 'used';
    }
    if (rule.effect === 'deny')
      return 'it denied nothing. A rule that denies stays, because it is there for what must not happen';
    return this.#successorNote(rule, {});
  }

  /** A later rule must not give more, once this one no longer decides. */
  #successorNote(rule: Rule, part: Parameters<typeof findSuccessor>[2]): string | undefined {
    const successor = findSuccessor(rule, this.#context.policy.byClient, part);
    return successor && `without it, “${successor.name}” could decide, and gives more`;
  }

  async #lookWithinRule(rule: Rule, path: Path): Promise<void> {
    const { name, clients, grant } = rule;
    const entry = this.#context.entries.rules[rule.position] as Entry;
    const { audiences = [], scopes = [] } = (entry.grant ?? {}) as { audiences?: readonly string[]; scopes?: unknown };
    const listed = scopePaths(scopes);
    const left = await this.#unused('rule', name, {
      // A rule that was used was used by its only client, and for its only audience.
      clients: clients.size > 1 ? clients : NONE,
      audiences: grant.targets.length > 1 ? new Set(grant.targets.map(({ audience }) => audience)) : NONE,
      scopes: new Set(listed.map(({ scope }) => scope)),
    });
    if (left === undefined) return;
    const of = `rule ${name}`;
    const conditional = readsOffer(rule) ? 'conditions of the rule read its targets or scope' : undefined;
    for (const [index, id] of [entry.client ?? []].flat().entries()) {
      if (!left.clients.has(String(id))) continue;
      const note = this.#successorNote(rule, { client: String(id) });
      this.#add({ kind: 'client', name: String(id), of, path: [...path, 'client', index], note });
    }
    for (const [index, text] of audiences.entries()) {
      const target = this.#context.targeting.byAudience(text);
      if (target === undefined || !left.audiences.has(target.audience)) continue;
      const first =
        target === grant.targets[0] ? 'the first audience is the default target of requests that name none' : undefined;
      const note = first ?? conditional ?? this.#successorNote(rule, { target });
      this.#add({ kind: 'audience', name: text, of, path: [...path, 'grant', 'audiences', index], note });
    }
    for (const { scope, at } of listed) {
      if (!left.scopes.has(scope)) continue;
      this.#add({ kind: 'scope', name: scope, of, path: [...path, 'grant', 'scopes', ...at], note: conditional });
    }
  }

  async lookAtClient(client: Client): Promise<void> {
    const { id, audiences } = client;
    const index = this.#places.get(id);
    const path = index === undefined ? undefined : (['clients', index] as const);
    const last = await this.#use.lastUse('client', id);
    if (last === undefined || last < this.#since) {
      const note = this.#noteOfClient(client);
      if (note === undefined) this.#retired.add(id);
      this.#add({ kind: 'client', name: id, last, path, note });
      return;
    }
    const scopes = client.scopes === 'unbounded' ? [] : [...client.scopes].filter((name) => !SIGN_IN_SCOPES.has(name));
    const wanted = { clients: NONE, audiences: new Set(audiences), scopes: new Set(scopes) };
    const left = await this.#unused('client', id, wanted);
    if (left === undefined) return;
    const of = `client ${id}`;
    const young = this.#youthOf(id);
    const listed = (this.#context.fileClients.get(id) as Entry | undefined)?.scopes as readonly string[] | undefined;
    const reading = this.#context.policy.byClient.get(id)?.all.find(readsOffer);
    const conditional = reading && `conditions of “${reading.name}” read the targets or scope`;
    for (const [place, name] of audiences.entries()) {
      if (!left.audiences.has(this.#context.targeting.byAudience(name)?.audience ?? name)) continue;
      const isDefault = place === 0 && left.audiences.size < wanted.audiences.size;
      const first = isDefault ? 'the first audience is the default target of client_credentials' : undefined;
      this.#add({ kind: 'audience', name, of, path: path && [...path, 'audiences', place], note: young ?? first });
    }
    for (const name of left.scopes) {
      const place = listed?.indexOf(name) ?? -1;
      this.#add({
        kind: 'scope',
        name,
        of,
        path: path && place !== -1 ? [...path, 'scopes', place] : undefined,
        note: young ?? conditional,
      });
    }
  }

  #noteOfClient(client: Client): string | undefined {
    const { id, resource, spiffeId } = client;
    const needed = noteOfOperators({ kind: 'client', name: id }, this.#context.operators);
    if (needed !== undefined) return needed;
    if (resource !== undefined) return 'it is an API: introspection that succeeds leaves no row';
    const young = this.#youthOf(id);
    if (young !== undefined) return young;
    if (!this.#context.fileClients.has(id)) return `registered at run time: cambio clients delete ${id} removes it`;
    const covering = spiffeId === undefined ? [] : patternsOf(spiffeId).map((pattern) => this.#bySpiffeId.get(pattern));
    const other = covering.find((one) => one !== undefined && one !== id);
    if (other !== undefined) return `without it, its workload would be the client ${other}`;
    const rule = this.#namedBy.get(id);
    return rule && `“${rule}” names it`;
  }

  #youthOf(id: string): string | undefined {
    const registered = this.#context.registeredAt(id);
    if (registered === undefined || registered < this.#since) return undefined;
    return `registered on ${isoOf(registered).slice(0, 10)}, within the time that was asked for`;
  }

  async #unused(by: 'rule' | 'client', name: string, wanted: Names): Promise<Names | undefined> {
    if (wanted.clients.size + wanted.audiences.size + wanted.scopes.size === 0) return wanted;
    const left = await this.#use.unused(by, name, wanted);
    if (left !== 'unknown') return left;
    this.unread.push(`${by} ${name}`);
    return undefined;
  }

  #add({
    kind,
    name,
    of,
    last,
    path,
    note,
    with: other,
  }: {
    readonly kind: UnusedRight['kind'];
    readonly name: string;
    readonly of?: string;
    readonly last?: number | undefined;
    readonly path: Path | undefined;
    readonly note: string | undefined;
    readonly with?: string | undefined;
  }): void {
    const why = note ?? noteOfOperators({ kind, name, ...(of !== undefined && { of }) }, this.#context.operators);
    this.found.push({
      kind,
      name,
      ...(of !== undefined && { of }),
      ...(last !== undefined && { lastUsed: isoOf(last) }),
      ...(path !== undefined && { at: this.#context.placeOf(path), path }),
      ...(other !== undefined && { with: other }),
      ...(why !== undefined && { note: why }),
    });
  }
}

const NONE: ReadonlySet<string> = new Set();

function* otherClientsOf(rule: AnyRule): Iterable<string> {
  for (const { clients } of [rule.subject, rule.actor]) if (clients !== 'any') yield* clients;
  if (rule.effect === 'deny' && rule.clients !== 'any') yield* rule.clients;
}

/** Each scope that a rule gives, with the keys that lead to it below `scopes`. */
function scopePaths(scopes: unknown): readonly { readonly scope: string; readonly at: Path }[] {
  if (Array.isArray(scopes)) return scopes.map((scope, index) => ({ scope: String(scope), at: [index] }));
  return Object.entries(scopes as Readonly<Record<string, readonly string[]>>).flatMap(([from, given]) =>
    given.map((scope, index) => ({ scope, at: [from, index] })),
  );
}
