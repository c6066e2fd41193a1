// The settings that a peer gets at its start.
export interface PeerSetting {
  readonly port: number;
  /** The public key of the issuer of subject tokens. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** The same of actor tokens. */
  readonly actorJwk: Readonly<Record<string, unknown>>;
}

export const readSetting = (): PeerSetting => JSON.parse(process.argv[2] ?? '');
