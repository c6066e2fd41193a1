// Creates and verifies `state` for the upstream provider. It names the interaction, and is bound to the browser by a MAC.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The interaction and the browser that a state belongs to. */
export interface StateOwner {
  /** The id of the interaction. */
  readonly interaction: string;
  /** The digest of the browser's secret. */
  readonly browser: string;
}

/** The interaction, a random part, and the MAC of these and the browser. */
const STATE = /^([\w-]{16,128})\.([\w-]{22})\.([\w-]{43})$/;

const macOf = (secret: string, { interaction, browser }: StateOwner, random: string): string =>
  createHmac('sha256', secret).update(`upstream state ${interaction} ${random} ${browser}`).digest('base64url');

export function newState(secret: string, owner: StateOwner): string {
  const random = randomBytes(16).toString('base64url');
  return `${owner.interaction}.${random}.${macOf(secret, owner, random)}`;
}

/** Returns the interaction in a state without verifying the MAC. */
export const unverifiedInteraction = (state: string | null): string | undefined => STATE.exec(state ?? '')?.[1];

/** Did we create this state for this browser and interaction? */
export function isStateOf(secret: string, owner: StateOwner, state: string): boolean {
  const [, interaction, random = '', mac = ''] = STATE.exec(state) ?? [];
  if (interaction !== owner.interaction) return false;
  return timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(secret, owner, random)));
}
