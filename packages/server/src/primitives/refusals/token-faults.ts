// What may be wrong with a token, whichever part it plays.

/** The fault, and what it means to a person: “the subject token …”. */
export const tokenFaults = {
  malformed: 'is not a token of the declared type: its form is wrong',
  wrong_type: 'proves to be something else than the declared type',
  unknown_issuer: 'names an issuer that this server does not trust',
  unknown_key: 'names a key that its issuer does not publish',
  algorithm: 'is signed with an algorithm that its key or its issuer does not allow',
  signature: 'has a signature that does not verify',
  critical_header: 'asks for a header extension (crit) that this server does not know',
  expired: 'has expired',
  not_yet_valid: 'is not valid yet, or was issued in the future',
  claims: 'lacks a claim that its type must have, or has one of the wrong form',
  bound: 'is bound to a key, and neither does the request prove it nor the rule do without',
  audience: 'is addressed to neither this server nor the calling client',
  not_accepted: 'is of a type that this server does not accept from its issuer',
  too_old: 'was issued longer ago than its issuer entry allows',
  replayed: 'may be used once, and was',
  subject: 'names no subject that this server can take over',
  name_taken:
    'is about a subject whose name here belongs to somebody else: a client, an account, or people of another issuer',
  act_not_vouched: 'names an actor of another issuer, for whom its own issuer cannot speak',
  inactive: 'is not active, says its issuer',
  client_disabled: 'belongs to a client that is unknown now, or disabled',
  cannot_tell: 'says too much for the mapping of its issuer entry, or only refers to a claim that the mapping reads',
  revoked: 'was revoked, or derives from one that was',
  not_granted: 'goes back to a grant that no rule allows any more, or to an account that is gone',
} as const satisfies Record<string, string>;

export type TokenFault = keyof typeof tokenFaults;

/** What may be wrong with a client assertion (RFC 7523 section 3). */
export const assertionFaults = [
  ...([
    'malformed',
    'wrong_type',
    'critical_header',
    'algorithm',
    'unknown_issuer',
    'unknown_key',
    'signature',
  ] as const),
  ...(['claims', 'audience', 'expired', 'not_yet_valid', 'replayed'] as const),
] satisfies readonly TokenFault[];
