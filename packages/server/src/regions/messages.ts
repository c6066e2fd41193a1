// Writes and verifies what regions send each other: requests, and answers as security event tokens (RFC 8417). Both have a MAC of the
// shared secret, name sender and receiver, and an answer names the request that it is for, so that none can be used again.
import { createSecretKey } from 'node:crypto';
import { z } from 'zod';
import { type CompactJws, readCompact, type SecretKey, signCompact, verifyCompact } from '../keys/jws.ts';
import type { Clock } from '../primitives/clock.ts';
import { newSecret } from '../primitives/random.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { RegionSettings } from './settings.ts';

const REQUEST_TYPE = 'cambio-region-request+jwt';
const ANSWER_TYPE = 'secevent+jwt';
const EVENT = 'urn:cambio:event:region';

/** A page of revocations with the longest names has about 300,000, and the keys of a region some thousands. */
const MAX_ANSWER_CHARACTERS = 524_288;

/** A request is not accepted later. It is sent again with each poll. The clocks of two regions that answer each other differ by less. */
export const MAX_MESSAGE_AGE_SECONDS = 60;

const text = z.string().min(1).max(4096);
const mark = z.string().max(64);

const request = z.union([
  /** `mark`: as the region told it with that number; absent for a further page. */
  z.object({ read: z.object({ after: z.int().min(0), mark: mark.optional() }) }),
  z.object({ use: z.object({ id: text, expiresAt: z.int().min(0) }) }),
  /** `after`: the id of the last party that was read; empty for the first page. */
  z.object({ suspended: z.object({ after: z.string().max(64) }) }),
]);

const told = z.object({
  kind: z.enum(['token', 'subject', 'principal', 'client', 'all']),
  name: z.string().max(4096),
  time: z.int().min(0),
});

/** Unknown members are ignored: a region may have a later version. */
const state = z.object({
  revocations: z.array(told),
  more: z.boolean(),
  /** If there are more: the next request begins after this number. */
  next: z.int().min(0),
  /** No revocation up to this number is missing: the next read begins after it. */
  settled: z.int().min(0),
  mark,
  /** How far the region has read the one that asks. */
  read: z.int().min(0),
  /** The mark that it was told of that number. */
  readMark: mark,
  keys: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  singleUse: text,
  /** Digest of the suspended parties. A region of an earlier version tells none. */
  suspended: z.string().max(64).optional(),
});

const use = z.object({ first: z.boolean() });

const suspended = z.object({
  suspended: z.array(
    z
      .object({
        id: z.string().regex(/^[\w-]{43}$/),
        issuer: z.string().max(4096).nullable(),
        subject: z.string().max(4096),
        names: z
          .array(z.object({ kind: z.enum(['subject', 'principal', 'client', 'all']), name: z.string().max(4096) }))
          .readonly(),
        reason: z.string().max(4096).nullable(),
        since: z.int().min(0),
      })
      .readonly(),
  ),
  more: z.boolean(),
  /** Of all suspended parties of the region. */
  digest: z.string().max(64),
});

export type RegionRequest = z.output<typeof request>;
/** What a region tells of itself. */
export type RegionState = z.output<typeof state>;
export type UseAnswer = z.output<typeof use>;
export type SuspendedPage = z.output<typeof suspended>;

const kinds = { state, use, suspended } as const;
export type AnswerKind = keyof typeof kinds;

export interface Messages {
  /** @returns the text, and the id that the answer must name */
  readonly request: (to: string, content: RegionRequest) => { readonly text: string; readonly id: string };
  /** @throws TokenRefusal if no region of the configuration sent it to this one now */
  readonly readRequest: (sent: string) => {
    readonly from: string;
    readonly id: string;
    readonly content: RegionRequest;
  };
  readonly answer: (to: string, id: string, content: RegionState | UseAnswer | SuspendedPage) => string;
  /** @throws TokenRefusal if it is not the answer of that region to that request */
  readonly readAnswer: <K extends AnswerKind>(
    sent: string,
    by: { readonly from: string; readonly id: string; readonly kind: K },
  ) => z.output<(typeof kinds)[K]>;
}

/** @param issuer our own: a secret that two installations share by mistake opens nothing */
export function createMessages(
  issuer: string,
  { name, secrets, peers }: Pick<RegionSettings, 'name' | 'secrets' | 'peers'>,
  clock: Clock,
): Messages {
  const keys = secrets.map((secret): SecretKey => {
    const key = createSecretKey(Buffer.from(secret));
    return { kid: 'regions', alg: 'HS256', key };
  });
  const [current] = keys;
  const write = (typ: string, claims: JsonObject): string => {
    if (current === undefined) throw new Error('regions have no secret');
    return signCompact(typ, { iss: issuer, sub: name, iat: Math.floor(clock() / 1000), ...claims }, current);
  };
  const read = (sent: string, typ: string, maxCharacters?: number): JsonObject => {
    const jws = readCompact(sent, maxCharacters);
    if (jws.typ !== typ) throw new TokenRefusal('claims', `its typ is not ${typ}`);
    verifyWithAny(jws, keys);
    const { iss, aud } = jws.payload;
    if (iss !== issuer || aud !== name) throw new TokenRefusal('claims', 'it is for another region or issuer');
    return jws.payload;
  };
  return {
    request: (to, content) => {
      const id = newSecret();
      return { text: write(REQUEST_TYPE, { aud: to, jti: id, ...content }), id };
    },
    readRequest: (sent) => {
      const { sub, jti, iat, read: reading, use: using, suspended: listing } = read(sent, REQUEST_TYPE);
      const content = request.safeParse({
        ...(reading !== undefined && { read: reading }),
        ...(using !== undefined && { use: using }),
        ...(listing !== undefined && { suspended: listing }),
      });
      const peer = peers.find((one) => one.name === sub);
      if (peer === undefined || typeof jti !== 'string' || !content.success)
        throw new TokenRefusal('claims', 'no region of the configuration sends such a request');
      if (typeof iat !== 'number' || Math.abs(clock() / 1000 - iat) > MAX_MESSAGE_AGE_SECONDS)
        throw new TokenRefusal(
          'expired',
          `it is not from the last ${MAX_MESSAGE_AGE_SECONDS} s: compare the clocks of the regions`,
        );
      return { from: peer.name, id: jti, content: content.data };
    },
    answer: (to, id, content) =>
      write(ANSWER_TYPE, { aud: to, jti: newSecret(), txn: id, events: { [EVENT]: content as JsonObject } }),
    readAnswer: (sent, { from, id, kind }) => {
      const { sub, txn, events } = read(sent, ANSWER_TYPE, MAX_ANSWER_CHARACTERS);
      if (sub !== from || txn !== id) throw new TokenRefusal('claims', 'it is not the answer to this request');
      const content = kinds[kind].safeParse((events as JsonObject | undefined)?.[EVENT]);
      if (!content.success) throw new TokenRefusal('claims', 'the region has another version of Cambio');
      return content.data as z.output<(typeof kinds)[typeof kind]>;
    },
  };
}

function verifyWithAny(jws: CompactJws, keys: readonly SecretKey[]): void {
  for (const [index, key] of keys.entries()) {
    try {
      verifyCompact(jws, key);
      return;
    } catch (error) {
      if (index === keys.length - 1) throw error;
    }
  }
}
