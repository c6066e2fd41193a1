// Refusals of proofs of possession.
import type { RefusalGroup } from './group.ts';

export const proofRefusals = {
  dpop_proof: {
    answer: [400, 'invalid_dpop_proof', 'The DPoP proof is missing, or not valid for this request'],
    reasons: {
      dpop_missing: 'there is no DPoP proof, and the client or what it brings needs one',
      dpop_malformed: 'the DPoP proof is no JWT of its kind, or lacks a claim; or there are two of them',
      dpop_key: 'the jwk of the DPoP proof is no public key that this server knows how to use with its alg',
      dpop_signature: 'the DPoP proof is not signed with the key that it brings',
      dpop_request: 'the DPoP proof is for another method or URL (htm, htu)',
      dpop_time: 'the DPoP proof was made too long ago, or in the future (iat)',
      dpop_access_token: 'the DPoP proof is for another access token (ath)',
      dpop_replayed: 'the DPoP proof was used before (jti)',
      dpop_other_key: 'what the client brings is bound to another key than that of the DPoP proof',
    },
  },
  dpop_nonce: {
    answer: [400, 'use_dpop_nonce', 'The DPoP proof must have the nonce of the DPoP-Nonce header'],
    reasons: {
      dpop_nonce: 'the DPoP proof has no nonce of this server, or an old one',
    },
  },
  dpop_jkt: {
    answer: [400, 'invalid_request', 'The dpop_jkt is not the thumbprint of a key'],
    reasons: {
      dpop_jkt_malformed: 'dpop_jkt is not a SHA-256 in base64url (RFC 7638)',
    },
  },
} as const satisfies RefusalGroup;
