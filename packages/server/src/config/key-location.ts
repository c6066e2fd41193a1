// Can keys of somebody else be had from there? A set in the file, or the URL of one.
import { urlProblem } from '../outbound/address.ts';
import { readKeySet } from '../trust/key-set.ts';
import type { Complain, Path } from './fault.ts';

interface KeyPlaceSource {
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined;
  readonly jwksUri?: string | undefined;
  readonly allowPrivateNetwork: boolean;
}

export const networkOfKeys = ({ allowPrivateNetwork }: KeyPlaceSource): 'private' | 'public' =>
  allowPrivateNetwork ? 'private' : 'public';

export function checkKeyPlace(source: KeyPlaceSource, path: Path, complain: Complain): void {
  const { jwks, jwksUri } = source;
  if (jwks !== undefined && jwksUri !== undefined) complain(path, 'cannot have both jwks and jwksUri');
  const problem = jwksUri === undefined ? undefined : urlProblem(jwksUri, networkOfKeys(source));
  if (problem !== undefined) complain([...path, 'jwksUri'], problem);
  const keys = jwks === undefined ? undefined : readKeySet(jwks);
  if (typeof keys === 'string') complain([...path, 'jwks'], keys);
  else if (keys?.size === 0) complain([...path, 'jwks'], 'holds no key that could be used');
}
