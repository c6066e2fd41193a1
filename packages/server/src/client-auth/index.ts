// In which ways may a client authenticate? The list; its order is the order of preference that the metadata tells.
import { clientSecretBasic } from './client-secret-basic.ts';
import { clientSecretPost } from './client-secret-post.ts';
import type { ClientAuthMethod } from './method.ts';

export const clientAuthMethods = [clientSecretBasic, clientSecretPost] as const satisfies readonly ClientAuthMethod[];

/** The form parameters that say who the client is, whichever its method. */
export const clientParameters: readonly string[] = [
  'client_id',
  ...clientAuthMethods.flatMap((method): readonly string[] => method.parameters),
];
