// The common parts of the fuzz targets: one server, its clients, and the issuers that it trusts.
import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, mkdtempSync } from 'node:fs';
import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FinishedStep, STEPS_FINISHED } from '../../src/primitives/tracing.ts';
import { EXCHANGE, encode, start, type TestServer, type } from '../support/harness.ts';
import { type FakeKey, newKey, signJws } from '../support/issuer.ts';
import { idp, pem } from '../support/saml-exchange.ts';
import type * as Model from '../support/second-model.ts';
import { ELSEWHERE, fileOf, SELF } from '../support/worlds.ts';

/** The audience of foreign tokens and assertions. */
export const US = 'https://cambio.example';
export const SAML = idp.entityId;

const anyone = { issuers: [SELF, ELSEWHERE, SAML], anyKey: false } as const;

/** Allows much, so that many tokens are issued and judged, and refuses some requests that are similar. */
export const world: Model.World = {
  self: SELF,
  denials: [],
  resources: ['https://r0.example', 'https://r1.example', 'urn:r2'].map((audience, index) => ({
    audience,
    locations: [`https://place${index}.example/v1`],
    scopes: index === 2 ? ['read'] : ['read', 'write'],
    acr: index === 1 ? ['gold'] : [],
    lifetime: 600,
    strict: false,
    format: 'jwt',
  })),
  clients: [
    { id: 'a', refreshes: false },
    { id: 'b', refreshes: false, scopes: ['read'], audience: 'https://r0.example' },
  ],
  rules: [
    {
      clients: ['a'],
      watched: false,
      subject: { ...anyone, tenant: 'red' },
      actor: { ...anyone, must: 'may be', delegated: true },
      clientActs: true,
      loosens: false,
      audiences: ['https://r0.example', 'https://r1.example', 'urn:r2'],
      scopes: ['read'],
      types: ['access_token'],
      depth: 10,
      refreshBeside: false,
      refreshLifetime: 60,
    },
    {
      clients: ['a', 'b'],
      watched: false,
      subject: anyone,
      actor: { ...anyone, must: 'may be', delegated: false },
      clientActs: false,
      loosens: false,
      audiences: ['https://r0.example', 'urn:r2'],
      scopes: ['read', 'write'],
      types: ['access_token', 'jwt'],
      lifetime: 300,
      depth: 5,
      refreshBeside: false,
      refreshLifetime: 60,
    },
  ],
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The evaluation steps of the server: a measure of work that does not depend on the machine. */
  readonly steps: readonly FinishedStep['step'][];
}

/** A token as the value of a parameter, and the short name of its declared type. */
export interface Presented {
  readonly text: string;
  readonly declared: string;
}

export interface Bench {
  readonly server: TestServer;
  /** The key of the issuer ELSEWHERE. */
  readonly foreign: FakeKey;
  /** POSTs exactly this body, one byte for each character. */
  readonly send: (path: string, body: string, headers?: OutgoingHttpHeaders) => Promise<Answer>;
  /** Sends a minimal exchange. */
  readonly exchange: (
    who: { readonly client?: string; readonly subject: Presented; readonly actor?: Presented | undefined },
    headers?: OutgoingHttpHeaders,
  ) => Promise<Answer>;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Claims of a valid token of ours, or of ELSEWHERE. */
  readonly claims: (issuer: 'own' | 'foreign') => Record<string, unknown>;
  /** The server's published keys. */
  readonly ownKeys: () => Promise<readonly object[]>;
  /** Signs with the issuer's own key. */
  readonly sign: (issuer: 'own' | 'foreign', payload: string, header?: Record<string, unknown>) => string;
}

export async function openBench(t: { readonly after: (work: () => void | Promise<void>) => void }): Promise<Bench> {
  const foreign = newKey();
  const issuers = [
    { issuer: ELSEWHERE, name: 'idp', accepts: ['jwt'], audiences: [US], jwks: { keys: [foreign.jwk] } },
    { saml: SAML, name: 'saml', accepts: ['saml1', 'saml2'], audiences: [US], certificates: ['idp.pem'] },
  ];
  // Files are in memory if possible: the speed of the disk is not measured.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cambio-fuzz-'));
  const server = await start(t, fileOf(world, issuers), { files: { 'idp.pem': pem(idp) }, folder });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  let steps: FinishedStep['step'][] = [];
  const count = (message: unknown): void => void steps.push((message as FinishedStep).step);
  subscribe(STEPS_FINISHED, count);
  t.after(() => void unsubscribe(STEPS_FINISHED, count));
  const now = (): number => Math.floor(server.clock.now / 1000);
  const port = Number(new URL(server.issuer).port);
  const send: Bench['send'] = async (path, body, headers = {}) => {
    const all = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
    const ask = async (): Promise<Answer> => {
      steps = [];
      return { ...(await post({ agent, port, path, headers: all }, Buffer.from(body, 'latin1'))), steps };
    };
    const answer = await ask();
    // A client with too many failures is told to wait. That does not depend on this input.
    if (answer.status !== 429) return answer;
    server.clock.now += 61_000;
    return ask();
  };
  return {
    server,
    foreign,
    send,
    exchange: ({ client = 'a', subject, actor }, headers) => {
      const who = { grant_type: EXCHANGE, client_id: client, client_secret: client };
      const tokens = { ...parametersOf('subject', subject), ...(actor && parametersOf('actor', actor)) };
      return send('/oauth/token', encode({ ...who, ...tokens }), headers);
    },
    now,
    claims: (issuer) => ({
      iss: issuer === 'own' ? SELF : ELSEWHERE,
      sub: 'ada',
      aud: issuer === 'own' ? ['https://r0.example'] : [US],
      iat: now(),
      exp: now() + 900,
      jti: randomUUID(),
      ...(issuer === 'own' && { client_id: 'a', scope: 'read write' }),
    }),
    ownKeys: async () =>
      ((await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json()) as { keys: object[] }).keys,
    sign: (issuer, payload, header = {}) =>
      issuer === 'own'
        ? server.forgeText(payload, header)
        : signJws({ alg: foreign.alg, typ: 'JWT', kid: foreign.kid, ...header }, payload, foreign),
  };
}

const parametersOf = (role: 'subject' | 'actor', { text, declared }: Presented) => ({
  [`${role}_token`]: text,
  [`${role}_token_type`]: type(declared),
});

interface Destination {
  readonly agent: Agent;
  readonly port: number;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

/** Uses node:http, because fetch would correct headers. */
const post = (to: Destination, body: Buffer): Promise<Omit<Answer, 'steps'>> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', method: 'POST', ...to }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (part: string) => {
          text += part;
        })
        .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
        .on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
