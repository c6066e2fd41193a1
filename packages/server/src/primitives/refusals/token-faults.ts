// Faults of tokens, whichever role the token has in the request.
import type { ReasonText } from './group.ts';

/** The meaning of each fault (“the subject token …”), and what to do about it. */
export const tokenFaults = {
  malformed: [
    'is not a token of the declared type: its form is wrong',
    'Send the text of the token alone: no “Bearer”, no quotes, no white space, nothing cut off. An opaque token needs introspection in the entry of its issuer.',
  ],
  wrong_type: [
    'is of another type than declared',
    'Declare the type that the token has, or send the token that the declared type means.',
  ],
  unknown_issuer: [
    'names an issuer that this server does not trust',
    'Compare the iss of the token with issuer of the entries under issuers, character by character, or add an entry.',
  ],
  unknown_key: [
    'names a key that its issuer does not publish',
    'Check that the issuer publishes the key of the kid at its jwks_uri. Behind a fixed jwks, add the key.',
  ],
  algorithm: [
    'is signed with an algorithm that its key or its issuer does not allow',
    'Let the issuer sign with an algorithm that its entry allows, or add it to algorithms of the entry.',
  ],
  signature: [
    'has a signature that does not verify',
    'Send the token as it was issued. If it is whole, someone else signed it: check which environment it comes from.',
  ],
  critical_header: ['has a header extension (crit) that this server does not know', 'Let the issuer leave crit out.'],
  expired: ['has expired', 'Get a new token, and exchange it at once. Compare the clocks if it was just issued.'],
  not_yet_valid: [
    'is not valid yet, or was issued in the future',
    'Set the clock of the machine that issued the token, or of this server: 30 seconds are tolerated, or the leeway of the issuer entry.',
  ],
  claims: [
    'lacks a claim that its type must have, or has one of the wrong form',
    'Let the issuer put the claim that the detail names into the token, in the form of its type.',
  ],
  bound: [
    'is bound to a key that the request does not prove, and the rule does not accept it unproven',
    'Prove the key by DPoP or TLS. A gateway that cannot needs constrained: accept in the rule.',
  ],
  audience: [
    'is addressed neither to this server nor to the calling client',
    'Let the token be issued for this server, or add its aud to audiences of the issuer entry. Without aud, its client_id counts if clientIds of the entry lists it. For an ID-JAG, it must be made for the client: a SAML assertion for saml of the client.',
  ],
  not_accepted: [
    'is of a type that this server does not accept from its issuer',
    'Declare a type that accepts of the issuer entry lists, or add this one. For an ID-JAG, subjectTokens of the entry under authorizationServers lists the types.',
  ],
  too_old: [
    'was issued longer ago than its issuer entry allows',
    'Get a new token, or raise maxAge of the issuer entry.',
  ],
  replayed: [
    'may be used only once, and was used before',
    'Get a new token for each exchange, or remove reuse: never from the issuer entry.',
  ],
  subject: [
    'does not name a subject that this server can use',
    'Let the issuer name the subject in visible characters, or correct subject of the issuer entry.',
  ],
  name_taken: [
    'names a subject or an actor whose name here belongs to someone else: a client, an account, or people of another issuer',
    'Give the issuer entry a subject or a name of its own, so that two people never share a name.',
  ],
  act_not_vouched: [
    'names an actor of another issuer, for whom its own issuer cannot vouch',
    'Exchange a token without act, and send the actor as actor_token.',
  ],
  inactive: [
    'is not active, according to its issuer',
    'Get a new token: it has expired, was revoked, or is not from this issuer.',
  ],
  client_disabled: [
    'belongs to a client that no longer exists, or is disabled',
    'Enable or restore the client that the token was issued to, or get a token by another client.',
  ],
  party_gone: [
    'names a subject or an actor that is no longer a client or an account of this server',
    'Restore the client or the account, or get a token that does not name it.',
  ],
  cannot_tell: [
    'has too many claims for the mapping of its issuer entry, or a number that the mapping would round, or only refers to a claim that it reads',
    'Let the issuer put the claim into the token, or simplify the mapping of the issuer entry.',
  ],
  revoked: ['was revoked, or derives from one that was', 'Get a new token. The audit log has the revocation.'],
  suspended: [
    'names a party that is suspended: its subject, its client or one of its actors',
    'Run cambio actors list, which says why, and cambio actors resume once the party may act again.',
  ],
  not_granted: [
    'derives from a grant that no rule allows any longer, or from an account that no longer exists',
    'Let the person sign in again, or give the grant back by a rule.',
  ],
} as const satisfies Record<string, ReasonText>;

export type TokenFault = keyof typeof tokenFaults;

/** Faults of a client assertion (RFC 7523 section 3), and what to do about them. */
export const assertionFaults = {
  malformed: 'Send the text of a JWT alone as client_assertion, without white space.',
  wrong_type: 'Make a JWT for client authentication alone: typ JWT or client-authentication+jwt.',
  critical_header: 'Leave crit out of the header.',
  algorithm:
    'Sign with the private key of the client, by an algorithm that the key is for. A secret cannot sign (HS256).',
  unknown_issuer: 'Set iss and sub to the client_id. For a JWT-SVID, list its trust domain under issuers.',
  unknown_key: 'Add the key of the kid to jwks of the client, or publish it at its jwksUri.',
  signature: 'Sign with the private key that belongs to the registered public key of this kid.',
  claims:
    'Correct the claim that the detail names: iss, sub, aud, exp or jti. For a library whose assertions live longer, write assertionLifetime: 1h.',
  audience:
    'Set aud to the issuer of this server alone, as its metadata has it. For a library that sends the token endpoint, write assertionAudience: legacy.',
  expired: 'Make a new assertion for each request, with an exp of a minute or so. Compare the clocks.',
  not_yet_valid: 'Set the clock of the client: 30 seconds are tolerated.',
  replayed: 'Make a new assertion, with a new jti, for each request and each repetition.',
} as const satisfies Partial<Record<TokenFault, string>>;

/** Faults of an assertion that is redeemed (RFC 7523 section 3), and what to do about them. */
export const redeemedFaults = {
  malformed: 'Send the text of a JWT alone as assertion, without white space.',
  wrong_type:
    'Send an ID-JAG, which has typ oauth-id-jag+jwt, or a grant that its issuer made for this server. Access tokens, ID tokens and other JWTs are exchanged, not redeemed.',
  critical_header: 'Let the issuer leave crit out of the header.',
  algorithm: 'Let the issuer sign with an algorithm that its entry allows and its key is for, or add it to algorithms.',
  unknown_issuer: 'Compare the iss with issuer of the entries under issuers, character by character, or add an entry.',
  unknown_key: 'Check that the issuer publishes the key of the kid at its jwks_uri. Behind a fixed jwks, add the key.',
  signature: 'Send the assertion as it was issued. If it is whole, someone else signed it.',
  claims: 'Let the issuer put the claim that the detail names into the assertion, in the form of its type.',
  audience: 'Let the issuer address the assertion to this server alone, by the issuer in its metadata.',
  expired: 'Redeem each assertion at once. Compare the clocks if it was just issued.',
  not_yet_valid: 'Set the clock of the issuer: 30 seconds are tolerated, or the leeway of its entry.',
  too_old: 'Get a new assertion, which must have iat, or raise maxAge under grants of the issuer entry.',
  not_accepted: 'Add the kind of assertion to grants of the issuer entry, if the issuer may give it.',
  replayed:
    'Get a new assertion for each redemption. Only one that is bound to a key can be used again (reuse: bound).',
  bound: 'Send a DPoP proof of the key in cnf of the assertion, or present its certificate.',
  subject: 'Let the issuer name a person whom this server knows: see person under grants of the issuer entry.',
  name_taken: 'Give the issuer entry a subject or a name of its own, so that two people never share a name.',
  act_not_vouched: 'Let the issuer name only its own subjects in act.',
  cannot_tell: 'Let the issuer put the claim into the assertion, or simplify the mapping of the issuer entry.',
  revoked:
    'Get a new assertion. After a revocation of a person, wait for a minute first: clocks may differ by 30 seconds more than leeway of the issuer entry. The audit log has the revocation.',
  suspended: 'Run cambio actors list, which says why, and cambio actors resume once the party may act again.',
} as const satisfies Partial<Record<TokenFault, string>>;
