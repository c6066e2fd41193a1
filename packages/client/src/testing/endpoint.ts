// The token endpoint and the revocation endpoint of the fake server.
import type { FakeClient, FakeFailure, FakeOptions, FakeRequest, FakeRule } from './options.ts';
import { parameterRefusal, Refused } from './refusals.ts';
import { type Claims, LIFETIME_SECONDS, type Tokens } from './tokens.ts';

export interface Context extends FakeOptions {
  readonly issuer: string;
  readonly clock: () => number;
  readonly tokens: Tokens;
  readonly requests: FakeRequest[];
  readonly failures: FakeFailure[];
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const PREFIX = 'urn:ietf:params:oauth:token-type:';

export async function answerToken(context: Context, request: Request, endpoint: 'token' | 'revoke'): Promise<Response> {
  const form = new URLSearchParams(await request.text());
  const requestId = crypto.randomUUID();
  let client = '';
  const answer = (status: number, body: object, headers: Record<string, string> = {}): Response => {
    if (endpoint === 'token')
      context.requests.push({ grant: form.get('grant_type') ?? '', client, audience: form.getAll('audience'), status });
    return Response.json(body, {
      status,
      headers: { ...headers, 'X-Request-Id': requestId, 'Cache-Control': 'no-store' },
    });
  };
  try {
    if (request.method !== 'POST') throw new Refused('method');
    if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(request.headers.get('content-type') ?? ''))
      throw new Refused('form');
    const found = authenticate(context, request.headers.get('authorization'), form);
    client = found.id;
    const failure = endpoint === 'token' ? context.failures.shift() : undefined;
    if (failure !== undefined) {
      const { status, error, retryAfter } = failure;
      return answer(status, { error }, retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) });
    }
    if (endpoint === 'token') return answer(200, await grant(context, found, form));
    const token = single(form, 'token');
    if (token === undefined) throw new Refused(parameterRefusal('token', 'missing'));
    context.tokens.revoke(token, client);
    return answer(200, {});
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status, ...body } = error.refusal;
    const challenge = status === 401 ? { 'WWW-Authenticate': 'Basic realm="cambio", charset="UTF-8"' } : undefined;
    return answer(status, { ...body, request_id: requestId }, challenge);
  }
}

function authenticate({ clients }: Context, authorization: string | null, form: URLSearchParams): FakeClient {
  const [named, inForm] = [single(form, 'client_id'), single(form, 'client_secret')];
  const basic = /^Basic +(.+)$/i.exec(authorization ?? '')?.[1];
  if (basic !== undefined && inForm !== undefined) throw new Refused('clientTwice');
  const [id, secret] = basic === undefined ? [named, inForm] : readBasic(basic);
  if (form.has('client_assertion')) throw new Refused('clientFailed');
  if (id === undefined || secret === undefined) throw new Refused('clientMissing');
  const client = clients.find((one) => one.id === id);
  if (client === undefined || client.secret !== secret) throw new Refused('clientFailed');
  if (named !== undefined && named !== id) throw new Refused('clientOther');
  return client;
}

/** The id and the secret, which are form-encoded (RFC 6749 section 2.3.1). */
function readBasic(text: string): readonly [id: string, secret: string] {
  const decode = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '));
  try {
    const [, id = '', secret = ''] = /^([^:]+):(.+)$/.exec(atob(text)) ?? [];
    return [decode(id), decode(secret)];
  } catch {
    throw new Refused('clientFailed');
  }
}

async function grant(context: Context, client: FakeClient, form: URLSearchParams): Promise<object> {
  const grantType = single(form, 'grant_type');
  if (grantType === undefined) throw new Refused(parameterRefusal('grant_type', 'missing'));
  const name = grantType === EXCHANGE ? 'token_exchange' : grantType;
  if (name !== 'token_exchange' && name !== 'client_credentials') throw new Refused('grantUnknown');
  if (!(client.grants ?? ['client_credentials', 'token_exchange']).includes(name)) throw new Refused('grantDenied');
  return name === 'token_exchange' ? exchange(context, client, form) : credentials(context, client, form);
}

async function credentials(context: Context, client: FakeClient, form: URLSearchParams): Promise<object> {
  const { audiences = [], scopes = [], id } = client;
  const granted = narrow(context, { audiences, scopes }, form);
  const token = await context.tokens.sign({ sub: id, client_id: id, ...claimsOf(granted) });
  return { access_token: token, token_type: 'Bearer', expires_in: LIFETIME_SECONDS, scope: granted.scopes.join(' ') };
}

async function exchange(context: Context, client: FakeClient, form: URLSearchParams): Promise<object> {
  const subject = present(context, form, 'subject');
  if (subject === undefined) throw new Refused(parameterRefusal('subject_token', 'missing'));
  const actor = present(context, form, 'actor');
  if (!isFor(context, subject, client)) throw new Refused('subject');
  if (actor !== undefined && actor.sub === subject.sub) throw new Refused('actorDenied');
  const requested = single(form, 'requested_token_type') ?? `${PREFIX}access_token`;
  const rule = decide(context, { client, actor, wanted: targetsOf(form) });
  if (!(rule.grant.types ?? ['access_token']).some((type) => requested === PREFIX + type))
    throw new Refused('requestedType');
  const limited = limitTo(subject, rule.grant);
  const granted = narrow(context, limited, form);
  const now = Math.floor(context.clock() / 1000);
  const ends = [subject, actor].map((claims) => Number(claims?.exp ?? Number.POSITIVE_INFINITY) - now);
  const lifetime = Math.min(LIFETIME_SECONDS, ...ends);
  const act =
    actor === undefined
      ? subject.act
      : { iss: context.issuer, sub: actor.sub, ...(subject.act !== undefined && { act: subject.act }) };
  const token = await context.tokens.sign(
    {
      sub: subject.sub,
      client_id: client.id,
      ...claimsOf(granted),
      ...(act !== undefined && { act }),
      lineage: [subject.jti, subject.lineage ?? [], actor?.jti ?? []].flat(),
    },
    lifetime,
  );
  return {
    access_token: token,
    issued_token_type: requested,
    token_type: 'Bearer',
    expires_in: lifetime,
    scope: granted.scopes.join(' '),
  };
}

interface Facts {
  readonly client: FakeClient;
  readonly actor: Claims | undefined;
  readonly wanted: readonly string[];
}

/** The first rule whose client, actor and targets match. The refusal is about the part that no rule matches. */
function decide({ rules }: Context, { client, actor, wanted }: Facts): FakeRule {
  const mine = rules.filter((rule) => [rule.client].flat().includes(client.id));
  if (mine.length === 0) throw new Refused('subject');
  const acting = mine.filter(({ actor: { clients = [client.id], required = false } = {} }) =>
    actor === undefined ? !required : clients.some((id) => id === actor.client_id),
  );
  if (acting.length === 0) throw new Refused('actorDenied');
  const rule = acting.find(({ grant: { audiences } }) => wanted.every((one) => audiences.includes(one)));
  if (rule === undefined) throw new Refused('target');
  return rule;
}

/** An empty parameter counts as one that is left out (RFC 6749 section 3.2), and a URL with an empty path as its origin. */
function targetsOf(form: URLSearchParams): readonly string[] {
  const all = ['audience', 'resource'].flatMap((name) => form.getAll(name)).filter(Boolean);
  return [...new Set(all.map((one) => one.replace(/^(https?:\/\/[^/]+)\/$/, '$1')))];
}

function present({ tokens }: Context, form: URLSearchParams, role: 'subject' | 'actor'): Claims | undefined {
  const text = single(form, `${role}_token`);
  const type = single(form, `${role}_token_type`);
  if (text === undefined && type !== undefined)
    throw new Refused(
      role === 'subject'
        ? parameterRefusal('subject_token', 'missing')
        : parameterRefusal('actor_token_type', 'not allowed here'),
    );
  if (text === undefined) return undefined;
  if (type === undefined) throw new Refused(parameterRefusal(`${role}_token_type`, 'missing'));
  if (![`${PREFIX}access_token`, `${PREFIX}jwt`].includes(type)) throw new Refused(`${role}Type`);
  const claims = tokens.read(text);
  if (claims === undefined) throw new Refused(role);
  return claims;
}

/** A token is exchanged by the client that it was issued to, and by the API that it is for. */
function isFor({ issuer }: Context, { client_id, aud }: Claims, { id, resource }: FakeClient): boolean {
  return client_id === undefined || client_id === id || [aud].flat().some((one) => one === issuer || one === resource);
}

function single(form: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = form.getAll(name);
  if (more.length > 0) throw new Refused(parameterRefusal(name, 'repeated'));
  return value === '' ? undefined : value;
}

interface Limits {
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
}

const scopesOf = (scope: unknown): readonly string[] | undefined =>
  typeof scope === 'string' ? [...new Set(scope.split(' '))] : undefined;

/** A token with a scope is never exchanged for more. */
function limitTo({ scope }: Claims, { audiences, scopes }: Limits): Limits {
  const own = scopesOf(scope);
  return { audiences, scopes: own === undefined ? scopes : scopes.filter((one) => own.includes(one)) };
}

function narrow({ resources }: Context, limits: Limits, form: URLSearchParams): Limits {
  const wanted = targetsOf(form);
  if (wanted.some((one) => !limits.audiences.includes(one))) throw new Refused('target');
  // Without a target the first one is meant, as in a configuration file.
  const audiences = wanted.length > 0 ? wanted : limits.audiences.slice(0, 1);
  const targets = resources.filter(({ audience }) => audiences.includes(audience));
  const asked = scopesOf(single(form, 'scope'));
  const scopes = (asked ?? limits.scopes).filter(
    (one) => limits.scopes.includes(one) && targets.every((target) => target.scopes.includes(one)),
  );
  const isTooMuch = asked !== undefined && scopes.length < asked.length;
  // A token without any scope is good for nothing at a target that has scopes.
  const isTooLittle = scopes.length === 0 && targets.some((target) => target.scopes.length > 0);
  if (isTooMuch || isTooLittle) throw new Refused('scope');
  return { audiences, scopes };
}

const claimsOf = ({ audiences, scopes }: Limits): Claims => ({
  aud: audiences.length === 1 ? audiences[0] : audiences,
  scope: scopes.join(' '),
});
