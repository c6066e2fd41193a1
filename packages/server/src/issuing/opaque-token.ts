// Creates and parses opaque access tokens: a prefix for secret scanners, a MAC over id and client, and the masked id. The store
// keeps only a hash of the text. After that is deleted at expiry, the client can still revoke the token's descendants.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../primitives/base64url.ts';

const PREFIX = 'cambio_at_';
const FORM = /^cambio_at_([\w-]{79})$/;
/** Length of the MAC. The rest is the id. */
const SEAL_BYTES = 32;

export interface OpaqueTokenName {
  readonly id: string;
  /** The client that the token was issued to. */
  readonly clientId: string;
}

export const isOpaqueToken = (text: string): boolean => text.startsWith(PREFIX);

export function formatOpaqueToken(name: OpaqueTokenName, key: string): string {
  const seal = mac(name, key);
  const masked = mask(Buffer.from(name.id, 'base64url'), seal);
  return PREFIX + Buffer.concat([seal, masked]).toString('base64url');
}

/** Constant time in the MAC. @returns undefined if this server did not create it for that client */
export function parseOpaqueToken(text: string, clientId: string, key: string): OpaqueTokenName | undefined {
  const { seal, id } = read(text) ?? {};
  if (seal === undefined || id === undefined) return undefined;
  return timingSafeEqual(seal, mac({ id, clientId }, key)) ? { id, clientId } : undefined;
}

/** The id in the text, unverified. */
export const claimedIdOf = (text: string): string | undefined => read(text)?.id;

function read(text: string): { readonly seal: Buffer; readonly id: string } | undefined {
  const bytes = decodeBase64url(FORM.exec(text)?.[1] ?? '');
  if (bytes === undefined || bytes.length <= SEAL_BYTES) return undefined;
  const seal = bytes.subarray(0, SEAL_BYTES);
  return { seal, id: mask(bytes.subarray(SEAL_BYTES), seal).toString('base64url') };
}

/** Hides the id from readers of the token. Its own inverse. */
function mask(bytes: Buffer, seal: Buffer): Buffer {
  const cover = hash('sha256', seal, 'buffer');
  return Buffer.from(bytes.map((byte, index) => byte ^ Number(cover[index])));
}

const mac = ({ id, clientId }: OpaqueTokenName, key: string): Buffer =>
  createHmac('sha256', key).update(`opaque ${id} ${clientId}`).digest();
