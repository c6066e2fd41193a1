// What is a peer, a small program of ours, told at its start?
export interface PeerSetting {
  readonly port: number;
  /** The public key of the subject tokens' issuer. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

export const readSetting = (): PeerSetting => JSON.parse(process.argv[2] ?? '');
