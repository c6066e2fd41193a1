// What is a peer, a small program of ours under peers/, told at its start?
import { join } from 'node:path';
import type { Place } from './contender.ts';

export interface PeerSetting {
  readonly port: number;
  /** The public key of the subject tokens' issuer. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

export const commandOf =
  (program: string) =>
  ({ port, issuers }: Place): readonly string[] => [
    join(import.meta.dirname, '../peers', program),
    JSON.stringify({ port, jwk: issuers.people.jwk } satisfies PeerSetting),
  ];

export const readSetting = (): PeerSetting => JSON.parse(process.argv[2] ?? '');
