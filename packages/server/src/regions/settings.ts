// The settings of regions, from the configuration file.

export interface PeerEntry {
  readonly name: string;
  /** Where the nodes of the region are reached directly: an origin. */
  readonly url: string;
}

export interface RegionSettings {
  /** Of this region. */
  readonly name: string;
  /** Every region has these. The first authenticates what is sent, each what is received. */
  readonly secrets: readonly string[];
  readonly peers: readonly PeerEntry[];
  /** Milliseconds. After so long without an answer of a region, its tokens are refused. */
  readonly staleAfter: number;
  /** The region that remembers which single-use ids were used. */
  readonly singleUse: string;
  readonly network: 'public' | 'private';
}
