// Attacks that need only a token endpoint and a client that may exchange, for this server and for others. A variant must be
// refused, and its twin granted.
import { createHmac, createPublicKey } from 'node:crypto';
import { type Answer, EXCHANGE, encode, type Form, type } from '../../support/harness.ts';
import { basic, type Peer } from './peer.ts';

export interface Tried {
  readonly what: string;
  readonly answer: Answer;
}

export interface PortableCase {
  /** Further requirements: capabilities of the adapter. */
  readonly needs: readonly (keyof Peer)[];
  /** Requests that must be refused. */
  readonly attacks: (peer: Peer) => Promise<readonly Tried[]>;
  /** Requests that must be granted. Otherwise the refusals would not prove anything. */
  readonly twin: (peer: Peer) => Promise<Answer>;
}

const good = (peer: Peer): Promise<Answer> => peer.exchange();

const tried = async (variants: Readonly<Record<string, () => Promise<Answer>>>): Promise<readonly Tried[]> => {
  const done: Tried[] = [];
  for (const [what, ask] of Object.entries(variants)) done.push({ what, answer: await ask() });
  return done;
};

const ofForm = (
  needs: PortableCase['needs'],
  variants: (peer: Peer) => Readonly<Record<string, Form>>,
): PortableCase => ({
  needs,
  attacks: (peer) =>
    tried(
      Object.fromEntries(
        Object.entries(variants(peer)).map(([what, form]) => [what, () => peer.exchange(form)] as const),
      ),
    ),
  twin: good,
});

const part = (token: string, index: number): string => token.split('.')[index] ?? '';
const decode = (token: string, index: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(part(token, index), 'base64url').toString());
const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Rows about JWTs do not apply if subject tokens are opaque. */
async function jwtOf(peer: Peer): Promise<string> {
  const token = await peer.subjectToken();
  if (token.split('.').length !== 3) throw new Error('the subject token is not a JWT');
  return token;
}

const ofToken = (
  needs: PortableCase['needs'],
  forge: (token: string, peer: Peer) => Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>,
): PortableCase => ({
  needs,
  attacks: async (peer) => {
    const forged = await forge(await jwtOf(peer), peer);
    return tried(
      Object.fromEntries(
        Object.entries(forged).map(([what, text]) => [what, () => peer.exchange({ subject_token: text })] as const),
      ),
    );
  },
  twin: good,
});

/** By row id. */
export const portable: Readonly<Record<string, PortableCase>> = {
  T01: {
    needs: [],
    attacks: (peer) =>
      tried({
        'GET, parameters in the query': async () => peer.get(await peer.exchangeForm()),
        'POST, parameters in the query': async () => peer.post('', {}, await peer.exchangeForm()),
      }),
    twin: good,
  },
  T03: {
    needs: [],
    attacks: async (peer) => {
      const json = JSON.stringify({ grant_type: EXCHANGE, subject_token: await peer.subjectToken() });
      const authorization = basic(peer.client.id, peer.client.secret);
      return tried({ JSON: () => peer.post(json, { 'content-type': 'application/json', authorization }) });
    },
    twin: good,
  },
  T15: ofForm([], () => ({
    'an actor token without its type': { actor_token: 'x' },
    'an actor token type without its token': { actor_token_type: type('access_token') },
    'a subject token without its type': { subject_token_type: undefined },
    'no subject token': { subject_token: undefined },
  })),
  T17: ofForm([], () => ({ 'an unknown requested type': { requested_token_type: 'urn:example:unknown' } })),
  P06: ofForm([], () => ({
    'an unknown audience': { audience: 'https://nowhere.example' },
    'an unknown resource': { audience: undefined, resource: 'https://nowhere.example/api' },
  })),
  J05: ofToken([], (token) => ({
    'alg none': `${encodePart({ ...decode(token, 0), alg: 'none' })}.${part(token, 1)}.`,
    'alg None': `${encodePart({ ...decode(token, 0), alg: 'None' })}.${part(token, 1)}.`,
    'without its signature': `${part(token, 0)}.${part(token, 1)}.`,
    'two parts': `${part(token, 0)}.${part(token, 1)}`,
    'other claims': `${part(token, 0)}.${encodePart({ ...decode(token, 1), sub: 'admin' })}.${part(token, 2)}`,
    'a signature of zeroes': `${part(token, 0)}.${part(token, 1)}.${Buffer.alloc(64).toString('base64url')}`,
  })),
  N01: {
    needs: [],
    // Each exchange presents the token of the one before. A token that outlives the first is a successful attack.
    attacks: async (peer) => {
      let token = await peer.subjectToken();
      const end = Number(decode(token, 1).exp);
      const longer: Tried[] = [];
      for (let hop = 1; hop <= 4; hop++) {
        const answer = await peer.exchange({ subject_token: token });
        if (answer.status !== 200) break;
        token = String(answer.body.access_token);
        const exp =
          token.split('.').length === 3
            ? Number(decode(token, 1).exp)
            : Date.now() / 1000 + Number(answer.body.expires_in);
        if (exp > end + 1) longer.push({ what: `hop ${hop} ends ${exp - end} seconds later`, answer });
      }
      return longer;
    },
    twin: good,
  },
  N03: ofToken(['keys'], async (token, peer) => {
    const keys = (await peer.keys?.()) ?? [];
    const forged = keys
      .filter(({ kty }) => kty !== 'oct')
      .flatMap((jwk) => {
        const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
        return [String(pem), JSON.stringify(jwk)].map((secret, index) => {
          const input = `${encodePart({ ...decode(token, 0), alg: 'HS256', kid: jwk.kid })}.${part(token, 1)}`;
          const mac = createHmac('sha256', secret).update(input).digest('base64url');
          return [`HMAC keyed by ${jwk.kid} as ${index === 0 ? 'PEM' : 'JWK'}`, `${input}.${mac}`] as const;
        });
      });
    return Object.fromEntries(forged);
  }),
  N05: {
    needs: ['other', 'widerScope'],
    attacks: async (peer) => {
      const theirs = await peer.subjectToken(peer.other);
      return tried({
        'a token of another client': () => peer.exchange({ subject_token: theirs }),
        'more scope than the subject token has': () => peer.exchange({ scope: peer.widerScope }),
      });
    },
    twin: good,
  },
  N08: {
    needs: ['revoke'],
    attacks: async (peer) => {
      const token = await peer.subjectToken();
      await peer.revoke?.(token);
      return tried({ 'a revoked subject token': () => peer.exchange({ subject_token: token }) });
    },
    twin: good,
  },
  N09: {
    needs: ['other'],
    attacks: async (peer) => {
      const { client, other } = peer;
      if (other === undefined) return [];
      const form = {
        grant_type: EXCHANGE,
        subject_token: await peer.subjectToken(),
        subject_token_type: type('access_token'),
      };
      const authorization = basic(client.id, client.secret);
      return tried({
        'Basic of one, client_id of another': () => peer.post({ ...form, client_id: other.id }, { authorization }),
        'Basic of one, credentials of another in the form': () =>
          peer.post({ ...form, client_id: other.id, client_secret: other.secret }, { authorization }),
        'client_id twice': () =>
          peer.post(`${encode({ ...form, client_id: client.id, client_secret: client.secret })}&client_id=${other.id}`),
      });
    },
    twin: good,
  },
};
