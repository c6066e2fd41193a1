// What is a refresh token? The name of a family and a generation, sealed with a MAC: derived, so that a lost answer can be
// given again and no text of a token is ever stored.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../primitives/base64url.ts';

const PREFIX = 'cambio_rt_';
const FORM = /^cambio_rt_([\w-]{36})\.(\d{1,9})\.([\w-]{43})$/;

export interface RefreshTokenName {
  readonly family: string;
  readonly generation: number;
}

/** Milliseconds in which a predecessor still gets its successor, for an answer that was lost. */
export const REFRESH_GRACE = 10_000;

export const isRefreshToken = (text: string): boolean => text.startsWith(PREFIX);

export function formatRefreshToken({ family, generation }: RefreshTokenName, key: string): string {
  return `${PREFIX}${family}.${generation}.${mac(family, generation, key).toString('base64url')}`;
}

/** @returns undefined where this server did not make it. Constant time in the MAC. */
export function parseRefreshToken(text: string, key: string): RefreshTokenName | undefined {
  const [, family = '', digits = '', seal = ''] = FORM.exec(text) ?? [];
  const generation = Number(digits);
  const given = decodeBase64url(seal);
  if (given?.length !== 32 || String(generation) !== digits) return undefined;
  return timingSafeEqual(given, mac(family, generation, key)) ? { family, generation } : undefined;
}

const mac = (family: string, generation: number, key: string): Buffer =>
  createHmac('sha256', key).update(`${family}.${generation}`).digest();
