// The server of the attacks on JWTs: it trusts a few issuers. Also makes tokens of the server and of the issuers to modify.
import assert from 'node:assert/strict';
import { API, BACKEND, named as bystanders, exchange, subjectToken } from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import {
  type Claims,
  entry,
  type FakeIssuer,
  type FakeKey,
  newKey,
  signJws,
  startIssuer,
  trusting,
} from '../../../support/issuer.ts';
import { askEach, type Trial, type Undo } from '../../group.ts';

/** A signer of valid tokens, and their declared type. */
export interface Origin {
  readonly name: 'ours' | 'theirs';
  readonly declared: 'access_token' | 'jwt';
  /** A valid token with some claims and header members changed; undefined omits one. */
  readonly sign: (claims?: Claims, header?: Claims) => string;
  /** The same with any payload text and any header. */
  readonly signText: (payload: string | Uint8Array, header?: Claims | string) => string;
  /** The key id. */
  readonly kid: string;
}

export interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  /** Another issuer, with a key id and subjects of the same names. */
  readonly other: FakeIssuer;
  /** Its subject and one of its claims are mapped. */
  readonly mapping: FakeIssuer;
  /** Its key set has a duplicate kid. */
  readonly doubled: FakeIssuer;
  /** Its key set contains a secret. */
  readonly mixed: FakeIssuer;
  /** A valid access token of the server. */
  readonly good: string;
  readonly ours: Origin;
  readonly theirs: Origin;
}

const NAMES = ['idp', 'other', 'mapping', 'doubled', 'mixed'] as const;
const RULE = `{ client: gateway, subject: { issuer: [self, ${NAMES}] }, actor: { issuer: [self, idp] }, grant: { audiences: [${API}, ${BACKEND}], scopes: [read, write] } }`;

export async function open(undo: Undo): Promise<World> {
  const [idp, other, mapping, doubled, mixed] = [
    await startIssuer(undo),
    await startIssuer(undo),
    await startIssuer(undo),
    await startIssuer(undo),
    await startIssuer(undo),
  ];
  const [key] = doubled.keys as [FakeKey];
  doubled.keys.push(newKey('ES256', key.kid), newKey());
  const secret = newKey('RS256', 'secret');
  mixed.keys.push({ ...secret, jwk: { kty: 'oct', kid: 'secret', k: 'c2VjcmV0' } });
  const all = { accepts: '[access_token, id_token, jwt]' };
  const entries = [
    entry(idp, { ...all, algorithms: '[ES256, RS256, PS256]' }),
    entry(other, { ...all, name: 'other' }),
    entry(mapping, { ...all, name: 'mapping', subject: 'claims.email', claims: '{ role: claims.role }' }),
    entry(doubled, { ...all, name: 'doubled' }),
    entry(mixed, { ...all, name: 'mixed' }),
  ];
  const server = await start(
    undo,
    changed(trusting(entries, [RULE]), bystanders('ada', 'ada1', 'ada2', 'bob1', 'bob2', 'somebody')),
  );
  const good = await subjectToken(server);
  const claims = claimsOf(good);
  const header = JSON.parse(Buffer.from(server.forge(claims).split('.')[0] ?? '', 'base64url').toString());
  const ours: Origin = {
    name: 'ours',
    declared: 'access_token',
    sign: (changed, head) => server.forge({ ...claims, ...changed }, head),
    signText: (payload, head) => server.forgeText(payload, head),
    kid: header.kid,
  };
  const [first] = idp.keys as [FakeKey];
  const theirs: Origin = {
    name: 'theirs',
    declared: 'jwt',
    sign: (changed, head = {}) => idp.sign(changed, { header: head }),
    signText: (payload, head = {}) =>
      signJws(typeof head === 'string' ? head : { alg: 'ES256', typ: 'JWT', kid: first.kid, ...head }, payload, first),
    kid: first.kid,
  };
  return { server, idp, other, mapping, doubled, mixed, good, ours, theirs };
}

/** Presents a token as subject token, or as actor token beside a valid subject token. */
export function present({ server, good }: World, role: Role, token: string, declared: string): Promise<Answer> {
  const form: Form = { [`${role}_token`]: token, [`${role}_token_type`]: type(declared) };
  return exchange(server, { subject_token: good, subject_token_type: type('access_token'), ...form });
}

type Role = 'subject' | 'actor';

/** Each token is refused for one of these faults, as subject and as actor token. @param good differ in nothing else */
export async function tryTokens(
  world: World,
  { attempt, twin }: Trial,
  { name, sign, declared }: Origin,
  tokens: Readonly<Record<string, string>>,
  faults: readonly string[],
  good: readonly string[] = [sign()],
): Promise<void> {
  const all = Object.entries(tokens).flatMap(([what, token]) =>
    (['subject', 'actor'] as const).map((role) => ({ role, token, whole: `${name}, ${what}, as ${role} token` })),
  );
  const answers = await askEach(all, ({ role, token, whole }) => attempt(whole, present(world, role, token, declared)));
  for (const [{ role, whole }, answer] of answers) {
    const { reason = '' } = world.server.audit(answer) ?? {};
    // The key set was fetched for an earlier token of the row, so whether its issuer has the key is not known.
    const isRecent = reason === 'issuer_keys_recent' && faults.includes('unknown_key');
    assert.ok(isRecent || faults.includes(reason.replace(`${role}_token_`, '')), `${whole}: ${reason}`);
  }
  for (const token of good) await twin(present(world, 'subject', token, declared));
  await twin(present(world, 'actor', sign({ sub: 'somebody' }), declared));
}

/** The tokens, named by the JSON of their values. */
export const named = (values: readonly unknown[], make: (value: unknown) => string): Record<string, string> =>
  Object.fromEntries(values.map((value) => [`${JSON.stringify(value)}`.slice(0, 60), make(value)]));
