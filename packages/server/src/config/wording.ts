// Messages that several checks of a file have in common.
import { CONSOLE_CLIENT } from '../model/console.ts';

export const reserved = (claim: string): string =>
  `${claim} is a claim that only this server sets. Remove it, or use another name.`;

export const RESERVED_CLIENT = `${CONSOLE_CLIENT} is the client of the console, and no other party may have its name. Choose another name.`;

export const reservedName = (name: string): string =>
  `${name} cannot be the name of an issuer. Set name to another one.`;

/** @param name a client id or a subject @param issuer the configured name of an issuer */
export const couldBeForeign = (name: string, issuer: string): string =>
  `${JSON.stringify(name)} could be a subject of the issuer ${issuer}, whose subjects begin with ${issuer}: here. Write a name that begins in another way.`;
