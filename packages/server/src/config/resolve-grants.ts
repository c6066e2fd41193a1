// Resolves `grants` of an issuer: which of its assertions the jwt-bearer grant redeems.
import { type IssuerGrants, MAX_AGE_SECONDS } from '../trust/issuer.ts';
import type { Complain, Path } from './fault.ts';
import type { ConfigurationFile, IssuerSource } from './schema.ts';
import type { GrantsSource } from './schema-issuers.ts';

const NO_GRANTS: IssuerGrants = { idJag: undefined, chaining: undefined, workload: undefined };

export function resolveGrants(
  { grants, trustDomain, accepts, audiences, singleUse }: IssuerSource,
  path: Path,
  { issuer }: Pick<ConfigurationFile, 'issuer'>,
  complain: Complain,
): IssuerGrants {
  if (grants === undefined) return NO_GRANTS;
  const { idJag, chaining, workload } = grants;
  for (const kind of ['idJag', 'chaining'] as const)
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
      'a chaining grant is addressed to this server, too, and could be exchanged as well as redeemed. Name another audience, or remove chaining.',
    );
  if (idJag?.emails !== undefined && idJag.person !== 'email')
    complain([...path, 'grants', 'idJag', 'emails'], 'is about person: email. Remove emails, or write person: email.');
  if (singleUse && accepts.length === 0)
    complain(
      [...path, 'singleUse'],
      'is about tokens that are exchanged, and accepts lists none. Remove singleUse.',
      'warning',
    );
  return {
    idJag: idJag && {
      ...limitsOf(idJag),
      person: idJag.person,
      emails: idJag.emails ?? 'stated',
      tenant: idJag.tenant,
      audTenant: idJag.audTenant,
    },
    chaining: chaining && { ...limitsOf(chaining), clientId: chaining.clientId ?? 'ours' },
    workload: workload && {
      maxAge: workload.maxAge,
      use: workload.singleUse ? 'single' : 'repeated',
      scope: 'optional',
    },
  };
}

const limitsOf = ({ maxAge, reuse, scope }: NonNullable<GrantsSource['chaining']>) =>
  ({
    maxAge,
    use: reuse === 'bound' ? 'single unless bound' : 'single',
    scope: scope ?? 'required',
  }) as const;
