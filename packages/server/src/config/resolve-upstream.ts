// Resolves the upstream provider of the file, and checks that its people have no name of another principal.
import { isReservedClaim } from '../issuing/access-token-claims.ts';
import { urlProblem } from '../outbound/address.ts';
import type { ConfiguredUpstream } from './configuration.ts';
import { compileMapping, NO_NAMES, type ResolvedIssuers } from './resolve-issuers.ts';
import type { ConfigurationFile } from './schema.ts';
import type { UpstreamSource } from './schema-people.ts';
import { readSecret, type Surroundings } from './source.ts';
import { describeUrlProblem } from './urls.ts';
import { couldBeForeign, reserved, reservedName } from './wording.ts';

/**
 * @param issuers the other issuers. The same provider may be among them; then both name the same people
 * @param saml issuers of assertions. One with the same id is another issuer, because people may be able to choose their NameID
 */
export function resolveUpstream(
  source: UpstreamSource,
  file: ConfigurationFile,
  { issuers, saml }: ResolvedIssuers,
  around: Surroundings,
): ConfiguredUpstream {
  const { issuer, clientId, scopes } = source;
  const complain = (key: keyof UpstreamSource, message: string): void => around.complain(['upstream', key], message);
  const network = source.allowPrivateNetwork ? 'private' : 'public';
  const problem =
    urlProblem(issuer, network) ??
    (issuer === file.issuer ? 'is the issuer of this server. Write the issuer of another provider' : undefined);
  if (problem !== undefined) complain('issuer', describeUrlProblem(issuer, problem));
  const same = issuers.find((one) => one.issuer === issuer);
  const name = source.name ?? same?.name ?? (URL.canParse(issuer) ? new URL(issuer).hostname : '');
  if (NO_NAMES.has(name)) complain('name', reservedName(name));
  if (same !== undefined && same.name !== name)
    complain('name', `the same provider has the name ${same.name} among issuers. Write that name here.`);
  if (issuers.some((one) => one.name === name && one !== same))
    complain('name', `another issuer has the name ${name}. Give one of them another name.`);
  if (saml.some((one) => one.name === name))
    complain('name', `a SAML issuer has the name ${name}, and its NameID is not a sub. Give one of them another name.`);
  if (!scopes.includes('openid')) complain('scopes', 'lacks openid, without which people cannot sign in. Add openid.');
  for (const [index, { id }] of file.clients.entries()) {
    if (id.startsWith(`${name}:`)) around.complain(['clients', index, 'id'], couldBeForeign(id, name));
  }
  return {
    issuer,
    name,
    first: source.first,
    network,
    clientId,
    secret: readSecret(source.secret, ['upstream', 'secret'], file.server.host, around) ?? '',
    scope: scopes.join(' '),
    claims: Object.entries(source.claims).map(([claim, text]) => {
      const path = ['upstream', 'claims', claim];
      if (isReservedClaim(claim)) around.complain(path, reserved(claim));
      return [claim, compileMapping(text, path, around.complain)] as const;
    }),
  };
}
