// Exports everything that an API needs to accept the tokens of a Cambio server, in any framework.

export { type AccessToken, actors, requireActor } from './access-token.ts';
export type { ProtectedRequest } from './credentials.ts';
export type { IntrospectionOptions } from './introspection.ts';
export type { VerifierOptions } from './options.ts';
export { AccessRefusal, type RefusalCode, type Scheme } from './refusal.ts';
export { createMemoryReplayStore, type ReplayStore } from './replay.ts';
export type { Actor, ActorPattern, Claims, Requirements } from './requirements.ts';
export { describeResource, type ResourceDescription, type ResourceMetadata } from './resource-metadata.ts';
export { createVerifier, type Verifier } from './verifier.ts';
