// Lists the ids of all clients, and refuses an id that none of them has.
import { isClientId } from '../../model/client.ts';
import { didYouMean, mayBeIn } from '../../primitives/nearest.ts';
import { redactTokens } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { looksLikeToken } from '../../subject-tokens/identify.ts';
import type { HttpServices } from '../endpoint.ts';

export const idsOf = ({ admin }: Pick<HttpServices, 'admin'>): readonly string[] =>
  [...new Set([...admin.fileClients.keys(), ...admin.registered.all().keys()])].toSorted();

/** Suggests a similar id. Never shows a token that was given as an id. */
export function unknownClient(id: string, services: Pick<HttpServices, 'admin'>, hint = ''): Refusal {
  const name = looksLikeToken(id) || !isClientId(id) ? '' : ` ${redactTokens(id)}`;
  const near = name === '' ? '' : meant(id, idsOf(services), services);
  return new Refusal('admin_item_unknown', { detail: `there is no client${name}.${near}${hint}` });
}

/** Suggests a similar name. While a file is left out, the name is probably right, and a similar one is somebody else's. */
export const meant = (
  name: string,
  known: Iterable<string>,
  { admin: { leftOut } }: Pick<HttpServices, 'admin'>,
): string => (leftOut.length === 0 ? didYouMean(name, known) : mayBeIn(leftOut));
