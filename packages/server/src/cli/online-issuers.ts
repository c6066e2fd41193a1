// Checks the issuers, the clients with a key set of their own and the upstream provider: discovery, keys and clocks.
import type { Configuration } from '../config/configuration.ts';
import type { Path } from '../config/fault.ts';
import type { ClientKeys } from '../model/client.ts';
import { urlProblem } from '../outbound/address.ts';
import { createProbe, type Outbound, OutboundFailure, startDeadline, type TimedAnswer } from '../outbound/outbound.ts';
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { discoverKeys } from '../trust/discovery.ts';
import type { IssuerEntry } from '../trust/issuer.ts';
import { readKeySet } from '../trust/key-set.ts';
import { countOf } from './count.ts';
import type { CheckOutcome, Probe } from './finding.ts';
import { compareClocks } from './online-clock.ts';

export function issuerProbes({ issuers, clients, upstream, entries }: Configuration): readonly Probe[] {
  const placeOf = ({ issuer }: IssuerEntry): Path => [
    'issuers',
    entries.issuers.findIndex((one) => one.issuer === issuer || `spiffe://${one.trustDomain}` === issuer),
  ];
  return [
    ...issuers.map((entry): Probe => {
      const path = placeOf(entry);
      return { check: 'keys', path, run: (deadline) => checkIssuer(entry, path, deadline) };
    }),
    ...[...clients.values()].flatMap(({ id, keys }): Probe[] => {
      if (keys === undefined || !('jwksUri' in keys)) return [];
      const path = ['clients', entries.clients.findIndex((one) => one.id === id), 'jwksUri'];
      return [{ check: 'keys', path, run: (deadline) => checkKeysOfClient(keys, path, deadline) }];
    }),
    ...(upstream === undefined ? [] : [upstreamProbe(upstream)]),
  ];
}

/** Requests that share a deadline, and the time of the last answer. */
function openRequests(network: 'public' | 'private', deadline: AbortSignal) {
  const probe = createProbe(network);
  const within = AbortSignal.any([deadline, startDeadline()]);
  const last: { time: TimedAnswer['time']; asked: number } = { time: undefined, asked: Date.now() };
  const ask: Outbound = async (request) => {
    const asked = Date.now();
    const { json, time } = await probe(request, within);
    Object.assign(last, { time, asked });
    return json;
  };
  return { ask, last };
}

async function checkIssuer(entry: IssuerEntry, path: Path, deadline: AbortSignal): Promise<readonly CheckOutcome[]> {
  const { keys, issuer, network, introspection } = entry;
  if (typeof keys === 'object' && 'jwks' in keys) return judgeKeys(keys.jwks, path, 'in the file', entry.algorithms);
  const { ask, last } = openRequests(network, deadline);
  const opaqueOnly =
    introspection?.of === 'opaque' && keys === 'discovery' && [...entry.accepts].join() === 'access_token';
  const outcomes: CheckOutcome[] = [];
  const compared = () => compareClocks(last, { path, whose: 'its clock', leeway: entry.leeway });
  if (introspection !== undefined) outcomes.push(await checkIntrospection(introspection, path, ask));
  if (opaqueOnly) return [...outcomes, ...compared()];
  const located = await locateKeys(keys, issuer, path, ask);
  outcomes.push(...located.outcomes);
  if (located.url !== undefined) outcomes.push(...(await fetchKeys(located.url, path, ask, entry.algorithms)));
  return [...outcomes, ...compared()];
}

async function locateKeys(
  keys: { readonly jwksUri: string } | 'discovery',
  issuer: string,
  path: Path,
  ask: Outbound,
): Promise<{ readonly url?: string; readonly outcomes: readonly CheckOutcome[] }> {
  if (keys !== 'discovery') return { url: keys.jwksUri, outcomes: [] };
  const about = { check: 'discovery', path } as const;
  try {
    const url = await discoverKeys(issuer, ask);
    return { url, outcomes: [{ ...about, severity: 'ok', message: `${issuer} names its keys at ${url}` }] };
  } catch (error) {
    return { outcomes: [{ ...about, severity: 'fault', message: `discovery failed: ${reasonOf(error)}.` }] };
  }
}

async function fetchKeys(
  url: string,
  path: Path,
  ask: Outbound,
  algorithms?: ReadonlySet<string>,
): Promise<readonly CheckOutcome[]> {
  try {
    return judgeKeys(await ask({ url, method: 'GET' }), path, `at ${url}`, algorithms);
  } catch (error) {
    return [{ check: 'keys', path, severity: 'fault', message: `its keys cannot be fetched: ${reasonOf(error)}.` }];
  }
}

/** @param algorithms those that the entry allows; undefined: all that are supported */
function judgeKeys(
  jwks: Awaited<ReturnType<Outbound>>,
  path: Path,
  where: string,
  algorithms?: ReadonlySet<string>,
): readonly CheckOutcome[] {
  const about = { check: 'keys', path } as const;
  const set = readKeySet(jwks);
  if (typeof set === 'string')
    return [{ ...about, severity: 'fault', message: `the key set ${where} is not valid: ${set}.` }];
  const ignored = set.ignored.map(({ kid, why, signs }): CheckOutcome => {
    const name = kid === undefined ? 'a key without a kid' : `the key ${JSON.stringify(kid)}`;
    return { ...about, severity: signs ? 'warning' : 'ok', message: `${name} ${where} is ignored: ${why}.` };
  });
  const offered = [...set.algorithms].toSorted();
  const usable = offered.filter((name) => algorithms?.has(name) ?? true);
  if (set.size === 0)
    return [...ignored, { ...about, severity: 'fault', message: `the key set ${where} has no key that can be used.` }];
  if (usable.length === 0) {
    const message = `the keys ${where} are for ${offered.join(', ')}, and the entry allows ${[...(algorithms ?? [])].join(', ')}. Set algorithms.`;
    return [...ignored, { ...about, severity: 'fault', message }];
  }
  return [
    { ...about, severity: 'ok', message: `${countOf(set.size, 'key')} ${where} (${usable.join(', ')})` },
    ...ignored,
  ];
}

/** Asks about a text that is not a token: the answer shows that the endpoint accepts our credentials. */
async function checkIntrospection(
  { endpoint, client, secret }: NonNullable<IssuerEntry['introspection']>,
  path: Path,
  ask: Outbound,
): Promise<CheckOutcome> {
  const about = { check: 'introspection', path: [...path, 'introspection'] } as const;
  const credentials = `${encodeURIComponent(client)}:${encodeURIComponent(secret)}`;
  try {
    const { active } = await ask({
      url: endpoint,
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token: 'cambio-check', token_type_hint: 'access_token' }).toString(),
    });
    if (active === false) return { ...about, severity: 'ok', message: `${endpoint} answers` };
    const message = `${endpoint} does not answer { "active": false } about a text that is not a token (RFC 7662).`;
    return { ...about, severity: 'fault', message };
  } catch (error) {
    return { ...about, severity: 'fault', message: `introspection failed: ${reasonOf(error)}.` };
  }
}

async function checkKeysOfClient(
  keys: Extract<ClientKeys, { readonly jwksUri: string }>,
  path: Path,
  deadline: AbortSignal,
): Promise<readonly CheckOutcome[]> {
  const { ask, last } = openRequests(keys.network, deadline);
  const outcomes = await fetchKeys(keys.jwksUri, path, ask);
  return [...outcomes, ...compareClocks(last, { path, whose: 'the clock of its server', leeway: LEEWAY_SECONDS })];
}

function upstreamProbe({ issuer, network }: NonNullable<Configuration['upstream']>): Probe {
  const path = ['upstream'];
  const about = { check: 'upstream', path } as const;
  return {
    ...about,
    run: async (deadline) => {
      const { ask, last } = openRequests(network, deadline);
      const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
      const { issuer: stated, jwks_uri: keys, ...metadata } = await ask({ url, method: 'GET' });
      if (stated !== issuer) throw new Error(`${url} names another issuer: ${JSON.stringify(stated)}`);
      for (const name of ['authorization_endpoint', 'token_endpoint']) {
        const problem = urlProblem(String(metadata[name] ?? ''), network);
        if (problem !== undefined) throw new Error(`its ${name} ${problem}`);
      }
      const found: CheckOutcome = { ...about, severity: 'ok', message: `people can be sent to ${issuer}` };
      return [
        found,
        ...(await fetchKeys(String(keys ?? ''), path, ask)),
        ...compareClocks(last, { path, whose: 'its clock', leeway: LEEWAY_SECONDS }),
      ];
    },
  };
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof OutboundFailure)) throw error;
  return error.message.replace(/\.$/, '');
};
