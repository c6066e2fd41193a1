// Implements client_secret_post: client_id and client_secret in the form (RFC 6749 section 2.3.1).
import { Refusal } from '../primitives/refusal.ts';
import { SecretDigest } from '../primitives/secret.ts';
import type { ClientAuthMethod } from './method.ts';

export const clientSecretPost = {
  name: 'client_secret_post',
  parameters: ['client_secret'],
  keys: { oneOf: ['secret'] },
  recognizedBy: 'credentials',
  read: ({ parameters }) => {
    const secret = parameters.get('client_secret');
    if (secret === undefined) return undefined;
    const id = parameters.get('client_id');
    if (id === undefined) throw new Refusal('parameter_missing', { parameter: 'client_id' });
    return {
      clientIds: [id],
      secrets: [secret],
      prove: ({ secrets }) => {
        if (!SecretDigest.anyMatches(secrets, [secret])) throw new Refusal('client_credentials');
        return {};
      },
    };
  },
} as const satisfies ClientAuthMethod;
