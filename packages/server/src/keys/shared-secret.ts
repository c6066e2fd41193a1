// Opens a secret that all nodes share. The first node that needs it creates it; the database holds it sealed.
import { newSecret } from '../primitives/random.ts';
import { findSecret, insertSecret, replaceSecret } from '../store/secrets.ts';
import type { Access, Store } from '../store/store.ts';
import type { Sealer } from './sealing.ts';

/** With access `read`, none is created: if it does not exist, the result is a random secret that opens nothing. */
export async function openSharedSecret(store: Store, name: string, sealer: Sealer, access: Access): Promise<string> {
  const purpose = `secret ${name}`;
  if (access === 'write') await insertSecret(store, name, sealer.seal(newSecret(), purpose));
  const sealed = await findSecret(store, name);
  if (sealed === undefined) return newSecret();
  const secret = sealer.open(sealed, purpose);
  if (access === 'write' && !sealer.isCurrent(sealed)) await replaceSecret(store, name, sealer.seal(secret, purpose));
  return secret;
}
