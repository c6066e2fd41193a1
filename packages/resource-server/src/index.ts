// What an API needs to accept the tokens of a Cambio server: verify, and say no in the words of RFC 6750.

export { AccessRefusal } from './refusal.ts';
export { type AccessToken, type Actor, createVerifier, type Verifier, type VerifierOptions } from './verifier.ts';
