// An opaque access token: a MAC over its id and its client, and the id, masked. The prefix is for scanners of leaked secrets. Only a
// hash of the text is kept. Once that is deleted, after the token has expired, the client can still revoke what descends from it.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../primitives/base64url.ts';

const PREFIX = 'cambio_at_';
const FORM = /^cambio_at_([\w-]{79})$/;
/** Bytes of the MAC. The rest is the id. */
const SEAL = 32;

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

/** @returns undefined where this server did not make it for that client. Constant time in the MAC. */
export function parseOpaqueToken(text: string, clientId: string, key: string): OpaqueTokenName | undefined {
  const { seal, id } = read(text) ?? {};
  if (seal === undefined || id === undefined) return undefined;
  return timingSafeEqual(seal, mac({ id, clientId }, key)) ? { id, clientId } : undefined;
}

/** The id that the text has, which may be made up. */
export const claimedIdOf = (text: string): string | undefined => read(text)?.id;

function read(text: string): { readonly seal: Buffer; readonly id: string } | undefined {
  const bytes = decodeBase64url(FORM.exec(text)?.[1] ?? '');
  if (bytes === undefined || bytes.length <= SEAL) return undefined;
  const seal = bytes.subarray(0, SEAL);
  return { seal, id: mask(bytes.subarray(SEAL), seal).toString('base64url') };
}

/** Done twice it undoes itself. Who sees the text does not see the id in it. */
function mask(bytes: Buffer, seal: Buffer): Buffer {
  const cover = hash('sha256', seal, 'buffer');
  return Buffer.from(bytes.map((byte, index) => byte ^ Number(cover[index])));
}

const mac = ({ id, clientId }: OpaqueTokenName, key: string): Buffer =>
  createHmac('sha256', key).update(`opaque ${id} ${clientId}`).digest();
