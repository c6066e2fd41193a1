// Makes and reads `state`: it names the sign-in of ours that an answer belongs to, and proves that we gave it to this browser.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A sign-in, and the browser that asked for it. */
export interface Departure {
  /** The id of the interaction. */
  readonly interaction: string;
  /** The digest of the browser's secret. */
  readonly browser: string;
}

/** The interaction, a random part, and the MAC of both and of the browser. */
const STATE = /^([\w-]{16,128})\.([\w-]{22})\.([\w-]{43})$/;

const macOf = (secret: string, { interaction, browser }: Departure, random: string): string =>
  createHmac('sha256', secret).update(`upstream state ${interaction} ${random} ${browser}`).digest('base64url');

export function newState(secret: string, departure: Departure): string {
  const random = randomBytes(16).toString('base64url');
  return `${departure.interaction}.${random}.${macOf(secret, departure, random)}`;
}

/** The interaction that a state names, without proof. */
export const namedIn = (state: string | null): string | undefined => STATE.exec(state ?? '')?.[1];

/** Did we give this state to this browser, for this interaction? */
export function isStateOf(secret: string, departure: Departure, state: string): boolean {
  const [, interaction, random = '', mac = ''] = STATE.exec(state) ?? [];
  if (interaction !== departure.interaction) return false;
  return timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(secret, departure, random)));
}
