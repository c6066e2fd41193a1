// Reads the discovery document and the keys of an identity provider, for cambio init.

import { urlProblem } from '../outbound/address.ts';
import { createOutbound, type Outbound, OutboundFailure, startDeadline } from '../outbound/outbound.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { readKeySet } from '../trust/key-set.ts';
import { type ProviderKind, providerKindOf } from './init-provider-kinds.ts';
import { UsageError } from './usage.ts';

export interface Provider {
  readonly issuer: string;
  readonly kind: ProviderKind;
  readonly network: 'public' | 'private';
  /** Undefined if the server finds it by discovery. */
  readonly jwksUri: string | undefined;
  /** Those that its keys can verify, out of those that it says it signs with. */
  readonly algorithms: readonly string[];
}

/** How messages name the places where the issuer and the kind of network are given: as options, or as answers. */
export interface ProviderWords {
  readonly name: '--idp ' | '';
  readonly isPrivate: string;
  readonly none: string;
}

export const OPTION_WORDS: ProviderWords = {
  name: '--idp ',
  isPrivate: 'If it is yours, add --allow-private-network',
  none: 'Without --idp',
};

export const ANSWER_WORDS: ProviderWords = {
  name: '',
  isPrivate: 'It must be yours',
  none: 'With an empty answer',
};

const DOCUMENTS = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server).*$/;

/** @param text the issuer, or the URL of its discovery document @throws Error for a person */
export async function readProvider(
  text: string,
  network: 'public' | 'private',
  words: ProviderWords = OPTION_WORDS,
): Promise<Provider> {
  const fail = (issuer: string, error: unknown): never => failWith(issuer, error, words);
  const typed = text.replace(DOCUMENTS, '');
  const problem = urlProblem(typed, network);
  if (problem !== undefined && urlProblem(typed, 'private') === undefined)
    throw new UsageError(`${words.name}${typed} is on loopback or in a private network. ${words.isPrivate}`);
  if (problem !== undefined) throw new UsageError(`${words.name}${typed} ${problem}`);
  const [outbound, deadline] = [createOutbound(network), startDeadline()];
  const ask = (url: string): ReturnType<Outbound> => outbound({ url, method: 'GET' }, deadline);
  const metadata = await discover(typed, ask, fail);
  const issuer = checkIssuer(typed, metadata.issuer, words);
  const keys = String(metadata.jwks_uri ?? '');
  const keysProblem = urlProblem(keys, network);
  if (keysProblem !== undefined) throw new Error(`${typed}: its jwks_uri ${keysProblem}`);
  // The file would send the value of a variable there.
  if (keys.includes('${') || issuer.includes('${')) throw new Error(`${typed}: its document has a URL with a variable`);
  const set = readKeySet(await ask(keys).catch((error) => fail(typed, error)));
  if (typeof set === 'string') throw new Error(`${typed}: the key set at ${keys} is not valid: ${set}`);
  if (set.size === 0) throw new Error(`${typed}: the key set at ${keys} has no key that can be used`);
  const signs = metadata.id_token_signing_alg_values_supported;
  const stated = Array.isArray(signs) ? [...set.algorithms].filter((name) => signs.includes(name)) : [];
  return {
    issuer,
    kind: providerKindOf(issuer, metadata),
    network,
    jwksUri: new URL(keys).origin === new URL(issuer).origin ? undefined : keys,
    algorithms: stated.length > 0 ? stated : [...set.algorithms],
  };
}

/** OpenID Connect Discovery section 4, else RFC 8414 section 3. */
async function discover(
  issuer: string,
  ask: (url: string) => ReturnType<Outbound>,
  fail: (issuer: string, error: unknown) => never,
): Promise<JsonObject> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  try {
    return await ask(`${origin}${path}/.well-known/openid-configuration`);
  } catch (error) {
    const { status = 0 } = error as OutboundFailure;
    if (status < 400 || status >= 500) return fail(issuer, error);
    return await ask(`${origin}/.well-known/oauth-authorization-server${path}`).catch(() => fail(issuer, error));
  }
}

function failWith(issuer: string, error: unknown, words: ProviderWords): never {
  if (!(error instanceof OutboundFailure)) throw error;
  const isPrivate = /an address that is not allowed/.test(error.message);
  const next = isPrivate
    ? words.isPrivate
    : `Check the URL: it is the iss of its tokens, such as https://idp.example.com/realms/shop. ${words.none} the file trusts no other issuer, and you can add one later`;
  throw new Error(`discovery of ${issuer} failed: ${error.message.replace(/\.$/, '')}. ${next}`);
}

/** People leave out the slash at the end, which is a part of some issuers. */
function checkIssuer(typed: string, stated: unknown, { name }: ProviderWords): string {
  if (typeof stated !== 'string' || !URL.canParse(stated.replace(/[{}]/g, '')))
    throw new Error(`discovery of ${typed} failed: its document names no issuer`);
  if (stated.replace(/\/$/, '') === typed.replace(/\/$/, '')) return stated;
  throw new Error(
    /[{}]/.test(stated)
      ? `${typed} is for every tenant, and its issuer is ${stated}. ${name === '' ? 'Write' : 'Name'} the one of your tenant${name === '' ? '' : ' with --idp'}`
      : `the document of ${typed} is of another issuer, which its tokens name. If you trust it, write ${name}${stated}`,
  );
}
