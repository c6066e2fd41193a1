// Creates and parses refresh tokens: a family and a generation, with a MAC. The text is derived, so that a lost response can be
// repeated and no text of a token is stored.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../primitives/base64url.ts';

const PREFIX = 'cambio_rt_';
const FORM = /^cambio_rt_([\w-]{36})\.(\d{1,9})\.([\w-]{43})$/;

export interface RefreshTokenName {
  readonly family: string;
  readonly generation: number;
}

/** How long a rotated token still gets its successor, in case the response was lost. */
export const REFRESH_GRACE_MS = 10_000;

export const isRefreshToken = (text: string): boolean => text.startsWith(PREFIX);

export function formatRefreshToken({ family, generation }: RefreshTokenName, key: string): string {
  return `${PREFIX}${family}.${generation}.${mac(family, generation, key).toString('base64url')}`;
}

/** Constant time in the MAC. @returns undefined if this server did not create it */
export function parseRefreshToken(text: string, key: string): RefreshTokenName | undefined {
  const [, family = '', digits = '', seal = ''] = FORM.exec(text) ?? [];
  const generation = Number(digits);
  const given = decodeBase64url(seal);
  if (given?.length !== 32 || String(generation) !== digits) return undefined;
  return timingSafeEqual(given, mac(family, generation, key)) ? { family, generation } : undefined;
}

/** The family in the text, unverified. */
export const claimedFamilyOf = (text: string): string | undefined => FORM.exec(text)?.[1];

const mac = (family: string, generation: number, key: string): Buffer =>
  createHmac('sha256', key).update(`${family}.${generation}`).digest();
