// cambio tokens inspect: prints the content of a token without verifying it.
import { isTokenId } from '../audit/search.ts';
import { isOpaqueToken } from '../issuing/opaque-token.ts';
import { isRefreshToken } from '../issuing/refresh-token.ts';
import { readCompact } from '../keys/jws.ts';
import { parseAct } from '../primitives/principal.ts';
import { printable } from '../primitives/printable.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { sha256 } from '../primitives/secret.ts';
import { foreignTokenId } from '../subject-tokens/foreign.ts';
import { assertionText } from '../subject-tokens/guess-type.ts';
import { looksLikeToken } from '../subject-tokens/identify.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeOutput, printResult } from './output.ts';
import { readToken } from './tokens.ts';
import { UsageError } from './usage.ts';

export const tokensInspect: CliCommand = {
  examples: [
    ['cambio tokens inspect @token.txt', 'a token in a file, which is not visible in the list of processes'],
    ['cambio tokens inspect - --output json', 'a token from standard input'],
  ],
  describe: (command) =>
    describeOutput(
      command
        .description('Print the content of a token without verifying it. Needs no server and no configuration.')
        .argument('<token>', 'the token: its text, @FILE, or - for standard input'),
    ),
  run: async (options, [argument = '']) => {
    try {
      const { lines, ...members } = read(readToken(argument), Date.now() / 1000);
      const result = { ...members, verified: false };
      printResult(options, result, [...lines, 'The token was not verified.'].join('\n'));
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error;
      throw new Error(
        `this is not a JWT, an assertion or a token of cambio: ${error.detail ?? error.message}. Give its whole text, without Bearer`,
      );
    }
  },
};

interface InspectedToken {
  readonly kind: 'jwt' | 'assertion' | 'refresh_token' | 'opaque_token';
  /** For people. */
  readonly lines: readonly string[];
  readonly [member: string]: unknown;
}

function read(text: string, now: number): InspectedToken {
  const xml = assertionText(text);
  if (xml !== undefined) return readAssertion(xml);
  if (isRefreshToken(text)) {
    const id = text.replace(/^\w+?_rt_|\..*$/g, '');
    return { kind: 'refresh_token', id, lines: ['a refresh token of cambio', `id        ${id}, its family`] };
  }
  if (isOpaqueToken(text))
    return { kind: 'opaque_token', lines: ['an opaque access token of cambio: introspect it to see its content'] };
  return readJwt(text, now);
}

/** Reads the first issuer and id of the document, for display only. The verifier parses it strictly. */
function readAssertion(xml: string): InspectedToken {
  const issuer = /<(?:[\w.-]+:)?Issuer\b[^>]*>([^<]*)</.exec(xml)?.[1] ?? /\bIssuer="([^"]*)"/.exec(xml)?.[1];
  const own = /\s(?:ID|AssertionID)="([^"]*)"/.exec(xml)?.[1];
  if (issuer === undefined || own === undefined)
    return { kind: 'assertion', lines: ['an assertion that does not show its issuer and its id'] };
  const id = foreignTokenId(issuer, own);
  return {
    kind: 'assertion',
    assertion: own,
    issuer,
    id,
    lines: [`assertion ${printable(own)}`, `issuer    ${printable(issuer)}`, `id        ${id}`],
  };
}

function readJwt(text: string, now: number): InspectedToken {
  const { header, payload, signingInput } = readCompact(text);
  const { iss, jti, exp, act, lineage = [] } = payload;
  const chain = parseAct(act, { issuer: String(iss), vouchesFor: 'everyone' });
  const actors = typeof chain === 'string' ? undefined : chain.map((one) => ({ iss: one.iss, sub: one.sub }));
  const foreignId = jti === undefined ? undefined : foreignTokenId(String(iss), String(jti));
  const id = jti === undefined ? sha256(signingInput) : String(jti);
  const left = typeof exp === 'number' ? Math.floor(exp - now) : undefined;
  const ancestors = [lineage].flat().map(String);
  const actorsInWords = actors?.map((one) => `${printable(one.sub)} of ${printable(one.iss)}`).join(', before that ');
  return {
    kind: 'jwt',
    header,
    claims: payload,
    actors: actors ?? String(chain),
    lineage: ancestors,
    expiresIn: left,
    id,
    foreignId,
    lines: [
      `header    ${JSON.stringify(header)}`,
      `claims    ${JSON.stringify(payload, null, 2).replaceAll('\n', '\n          ')}`,
      `actors    ${actorsInWords === undefined ? chain : actorsInWords || 'nobody acts'}`,
      `lineage   ${printable(ancestors.join(' ← ')) || 'none: it derives from no other'}`,
      `lifetime  ${lifetimeInWords(left, exp)}`,
      `id        ${printable(id)}${foreignId === undefined ? '' : `, or of another issuer's token ${foreignId}`}`,
    ],
  };
}

function lifetimeInWords(left: number | undefined, exp: unknown): string {
  if (left === undefined) return 'it does not say when it expires';
  const time = new Date(Number(exp) * 1000);
  const at = Number.isNaN(time.getTime()) ? '' : ` (${time.toISOString()})`;
  return left > 0 ? `${left} s left${at}` : `expired ${-left} s ago${at}`;
}

/**
 * Returns the ids that the audit may have for a token.
 * @param text a token, or already an id
 * @throws UsageError if the token has no readable id
 */
export function tokenIdsOf(text: string): readonly string[] {
  const token = text.trim().replace(/^(?:Bearer|DPoP) +/i, '');
  if (!looksLikeToken(token)) {
    if (isTokenId(token)) return [token];
    throw new UsageError(
      'the value of --token is neither a token nor the id of one: letters, digits, - and _, at most 64 characters. ' +
        'Give the text of the token, or the id that tokens inspect prints',
    );
  }
  const { id, foreignId } = read(token, 0);
  // The jti of another issuer may be any text; rows have its digest.
  const ids = [id, foreignId].filter((one) => typeof one === 'string' && isTokenId(one)) as string[];
  if (ids.length === 0)
    throw new UsageError('this token does not contain its id. Introspect it, and give its jti to --token');
  return ids;
}

/**
 * Returns the ids that the audit may have for the token of an issuer: our own tokens have their `jti`, others a digest.
 * @param jti any text: each issuer chooses its form
 */
export const tokenIdsAt = (issuer: string, jti: string): readonly string[] => [
  foreignTokenId(issuer, jti),
  ...(isTokenId(jti) ? [jti] : []),
];
