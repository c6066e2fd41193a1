// Implements client_secret_basic (RFC 6749 section 2.3.1). The RFC requires id and secret to be form-encoded, but many clients
// send them raw. Both readings are always compared, so that neither the answer nor its time shows which one matched.
import { Refusal } from '../primitives/refusal.ts';
import { SecretDigest } from '../primitives/secret.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import type { ClientAuthMethod } from './method.ts';

/** Base64 with or without padding, in no other form (RFC 4648 section 3.2). */
const BASIC = /^Basic +((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?)$/i;
/** The output of a form encoder. Partly encoded text is only read raw, since it would have two meanings. */
const FORM_ENCODED = /^(?:[\w*\-.~!'()+]|%[0-9A-Fa-f]{2})*$/;

export const clientSecretBasic = {
  name: 'client_secret_basic',
  parameters: [],
  keys: { oneOf: ['secret'] },
  recognizedBy: 'credentials',
  read: ({ authorization }) => {
    if (authorization === undefined || /^Bearer\b/i.test(authorization)) return undefined;
    const encoded = BASIC.exec(authorization)?.[1];
    const text = encoded === undefined ? '' : (decodeUtf8(Buffer.from(encoded, 'base64')) ?? '');
    const colon = text.indexOf(':');
    if (colon < 1 || text.includes('\0')) throw new Refusal('client_authentication_malformed');
    const id = text.slice(0, colon);
    const secret = text.slice(colon + 1);
    const decodedSecret = formDecode(secret);
    return {
      clientIds: [...new Set([formDecode(id), id])],
      secrets: [decodedSecret, secret],
      prove: ({ secrets }) => {
        if (!SecretDigest.anyMatches(secrets, [decodedSecret, secret])) throw new Refusal('client_credentials');
        return {};
      },
    };
  },
} as const satisfies ClientAuthMethod;

function formDecode(text: string): string {
  if (!FORM_ENCODED.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
