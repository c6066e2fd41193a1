// In which ways may a client authenticate? The list; its order is the order of preference that the metadata tells.
import { clientSecretBasic } from './client-secret-basic.ts';
import { clientSecretPost } from './client-secret-post.ts';
import type { ClientAuthMethod } from './method.ts';

export const clientAuthMethods = [clientSecretBasic, clientSecretPost] as const satisfies readonly ClientAuthMethod[];

export type ClientAuthMethodName = (typeof clientAuthMethods)[number]['name'];
