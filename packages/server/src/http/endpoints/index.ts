// What does the server answer? The list of endpoints.
import type { Endpoint } from '../endpoint.ts';
import { livez, readyz } from './health.ts';
import { introspect } from './introspect.ts';
import { jwks } from './jwks.ts';
import { metadata } from './metadata.ts';
import { revoke } from './revoke.ts';
import { token } from './token.ts';

export const endpoints: readonly Endpoint[] = [token, introspect, revoke, jwks, metadata, livez, readyz];
