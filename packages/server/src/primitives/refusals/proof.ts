// Refusals of proofs of possession.
import type { RefusalGroup } from './group.ts';

export const proofRefusals = {
  dpop_proof: {
    answer: [400, 'invalid_dpop_proof', 'The DPoP proof is missing, or not valid for this request'],
    reasons: {
      dpop_missing: [
        'the request has no DPoP proof, and the client, token or code needs one',
        'Send a DPoP header with a proof by the key (RFC 9449).',
      ],
      server_needs_proof: [
        'the authorization server takes only grants that are bound to a key (keyBinding), and the request proves none',
        'Send a DPoP proof, or let the client use its certificate (certificateBoundAccessTokens).',
      ],
      dpop_malformed: [
        'the DPoP proof is not a DPoP JWT or lacks a claim, or there is more than one',
        'Send one DPoP header: a JWT with typ dpop+jwt, a jwk, and jti, htm, htu, iat.',
      ],
      dpop_key: [
        'the jwk of the DPoP proof is not a public key that this server knows how to use with its alg',
        'Put the public key alone into jwk, of a kind that fits alg.',
      ],
      dpop_signature: [
        'the DPoP proof is not signed with the key in its jwk',
        'Sign the proof with the private key of its jwk.',
      ],
      dpop_request: [
        'the DPoP proof is for another method or URL (htm, htu)',
        'Set htm to the method and htu to the URL as the metadata has it, without query. The detail names both.',
      ],
      dpop_time: [
        'the DPoP proof was made too long ago, or in the future (iat)',
        'Make a new proof for each request, and set the clock of the caller.',
      ],
      dpop_access_token: [
        'the DPoP proof is for another access token (ath)',
        'Set ath to base64url of the SHA-256 of the access token that is sent.',
      ],
      dpop_replayed: [
        'the DPoP proof was used before (jti)',
        'Make a new proof, with a new jti, for each request and each repetition.',
      ],
      dpop_other_key: [
        'the token or code is bound to another key than that of the DPoP proof',
        'Sign the proof with the key that the token, code or dpop_jkt is bound to.',
      ],
    },
  },
  dpop_nonce: {
    answer: [400, 'use_dpop_nonce', 'The DPoP proof must have the nonce of the DPoP-Nonce header'],
    reasons: {
      dpop_nonce: [
        'the DPoP proof has no nonce of this server, or an old one',
        'Send the request again with the nonce of the DPoP-Nonce header in the proof.',
      ],
    },
  },
  dpop_jkt: {
    answer: [400, 'invalid_request', 'The dpop_jkt is not the thumbprint of a key'],
    reasons: {
      dpop_jkt_malformed: [
        'dpop_jkt is not a SHA-256 in base64url (RFC 7638)',
        'Send the JWK thumbprint of the key: 43 characters.',
      ],
    },
  },
} as const satisfies RefusalGroup;
