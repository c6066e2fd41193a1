// Checks the location of another party's keys: a set in the file, or the URL of one.
import { urlProblem } from '../outbound/address.ts';
import { readKeySet } from '../trust/key-set.ts';
import type { Complain, Path } from './fault.ts';
import { describeUrlProblem } from './urls.ts';

interface KeyPlaceSource {
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined;
  readonly jwksUri?: string | undefined;
  readonly allowPrivateNetwork: boolean;
}

export const networkOfKeys = ({ allowPrivateNetwork }: KeyPlaceSource): 'private' | 'public' =>
  allowPrivateNetwork ? 'private' : 'public';

export function checkKeyPlace(source: KeyPlaceSource, path: Path, complain: Complain): void {
  const { jwks, jwksUri } = source;
  if (jwks !== undefined && jwksUri !== undefined)
    complain([...path, 'jwksUri'], 'an entry has jwks or jwksUri, and not both. Remove one of them.', 'fault', 'key');
  const problem = jwksUri === undefined ? undefined : urlProblem(jwksUri, networkOfKeys(source));
  if (problem !== undefined) complain([...path, 'jwksUri'], describeUrlProblem(jwksUri ?? '', problem));
  const keys = jwks === undefined ? undefined : readKeySet(jwks);
  if (typeof keys === 'string') complain([...path, 'jwks'], `${keys}.`);
  else if (keys?.size === 0)
    complain(
      [...path, 'jwks'],
      'the set holds no key that can be used. Write public keys of RSA (2048 bits or more), EC or Ed25519.',
    );
}
