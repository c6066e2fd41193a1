// Resolves `grants` of an issuer: which of its assertions the jwt-bearer grant redeems.
import { type IssuerGrants, MAX_AGE_SECONDS } from '../trust/issuer.ts';
import type { Complain, Path } from './fault.ts';
import type { ConfigurationFile, IssuerSource } from './schema.ts';

const NO_GRANTS: IssuerGrants = { id_jag: undefined, chaining_grant: undefined, workload: undefined };

export function resolveGrants(
  { grants, trustDomain, accepts, audiences, reuse }: IssuerSource,
  path: Path,
  { issuer, accounts }: Pick<ConfigurationFile, 'issuer' | 'accounts'>,
  complain: Complain,
): IssuerGrants {
  if (grants === undefined) return NO_GRANTS;
  const { id_jag: idJag, chaining_grant: chaining, workload } = grants;
  for (const kind of ['id_jag', 'chaining_grant'] as const)
    if (trustDomain !== undefined && grants[kind] !== undefined)
      complain(
        [...path, 'grants', kind],
        `the workloads of a trust domain give no grants of other servers. Remove ${kind}, or write issuer instead of trustDomain.`,
      );
  for (const [kind, one] of Object.entries(grants))
    if (one !== undefined && one.maxAge > MAX_AGE_SECONDS)
      complain([...path, 'grants', kind, 'maxAge'], 'is longer than a day. Write 24h or less.');
  // Both have the same header: the issuer's word for one door must not open the other.
  const open = audiences.findIndex((audience) => [issuer, `${issuer}/oauth/token`].includes(audience));
  if (chaining !== undefined && accepts.length > 0 && open !== -1)
    complain(
      [...path, 'audiences', open],
      'a chaining grant is addressed to this server, too, and could be exchanged as well as redeemed. Name another audience, or remove chaining_grant.',
    );
  if (idJag !== undefined && idJag.person !== 'sub' && accounts.length === 0)
    complain(
      [...path, 'grants', 'id_jag', 'person'],
      `${idJag.person} names an account of this server, and the file has no accounts, so every ID-JAG is refused. Add accounts, or write person: sub.`,
      'warning',
    );
  if (idJag?.emails === 'verified' && idJag.person !== 'email')
    complain([...path, 'grants', 'id_jag', 'emails'], 'is about person: email. Remove emails, or write person: email.');
  if (reuse === 'never' && accepts.length === 0)
    complain(
      [...path, 'reuse'],
      'is about tokens that are exchanged, and accepts lists none. Remove reuse.',
      'warning',
    );
  return {
    id_jag: idJag && { ...idJag, tenant: idJag.tenant, audTenant: idJag.audTenant },
    chaining_grant: chaining,
    workload: workload && { ...workload, scope: 'optional' },
  };
}
