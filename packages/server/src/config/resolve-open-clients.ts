// Resolves the sections about clients that describe themselves, or register themselves.
import type { ClientDocumentSettings, RegistrationSettings } from '../model/client-document.ts';
import type { Resource } from '../model/resource.ts';
import { SIGN_IN_SCOPES } from '../narrowing/narrow.ts';
import { indexAudiences } from '../narrowing/targets.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { isLoopback } from '../primitives/network.ts';
import { newSecret } from '../primitives/random.ts';
import { SecretDigest } from '../primitives/secret.ts';
import { type Path, placeInList } from './fault.ts';
import { createNameDescriber } from './references.ts';
import type { ConfigurationFile } from './schema.ts';
import { readSecret, type Surroundings } from './source.ts';

export function resolveClientDocuments(
  file: ConfigurationFile,
  resources: readonly Resource[],
  around: Surroundings,
): ClientDocumentSettings | undefined {
  const { issuer, clientDocuments } = file;
  if (clientDocuments === undefined) return undefined;
  const { complain } = around;
  const { domains, audiences, scopes, refreshLifetime, allowPrivateNetwork } = clientDocuments;
  const at = (...path: Path): Path => ['clientDocuments', ...path];
  // An issuer that is not a URL is reported elsewhere.
  const isLocal = !URL.canParse(issuer) || isLoopback(new URL(issuer).hostname);
  for (const [place, domain] of domains.entries()) {
    if (!isLoopback(new URL(`https://${domain}`).hostname)) continue;
    if (!isLocal)
      complain(
        at('domains', place),
        `${domain} is this machine, where any program could describe itself, and the issuer is not on loopback. Name the host that publishes the documents.`,
      );
    else if (!allowPrivateNetwork)
      complain(
        at('domains', place),
        `${domain} is a loopback address, which needs allowPrivateNetwork: true beside domains.`,
      );
  }
  checkSelfDescribed('clientDocuments', clientDocuments, file, resources, around);
  return {
    domains: new Set(domains),
    network: allowPrivateNetwork ? 'private' : 'public',
    audiences,
    scopes: new Set(scopes),
    refreshLifetime,
  };
}

export function resolveRegistration(
  file: ConfigurationFile,
  resources: readonly Resource[],
  around: Surroundings,
): RegistrationSettings | undefined {
  const { registration, server } = file;
  if (registration === undefined) return undefined;
  const { initialAccessToken: tokens = [], open, audiences, scopes, lifetime, refreshLifetime } = registration;
  if (open && tokens.length > 0)
    around.complain(
      ['registration', 'open'],
      'true lets anyone register a client, also without initialAccessToken. Remove one of them.',
    );
  if (!open && tokens.length === 0)
    around.complain(
      ['registration', 'initialAccessToken'],
      'is missing. Clients that register themselves need it: { file: PATH } or { env: NAME }. open: true lets anyone register a client.',
    );
  checkSelfDescribed('registration', registration, file, resources, around);
  const digests = tokens.map((one, place) =>
    'sha256' in one
      ? SecretDigest.of(one.sha256)
      : new SecretDigest(
          readSecret(one, placeInList(['registration', 'initialAccessToken'], tokens, place), server.host, around) ??
            newSecret(),
        ),
  );
  return { access: open ? 'open' : digests, audiences, scopes: new Set(scopes), lifetime, refreshLifetime };
}

/** Checks what clients may have that describe themselves. */
function checkSelfDescribed(
  section: 'clientDocuments' | 'registration',
  { audiences, scopes }: { readonly audiences: readonly string[]; readonly scopes: readonly string[] },
  { accounts, upstream }: ConfigurationFile,
  resources: readonly Resource[],
  { complain, unsure }: Surroundings,
): void {
  const at = (...path: Path): Path => [section, ...path];
  const byAudience = indexAudiences(resources);
  const describeUnknown = createNameDescriber(
    'resource',
    resources.map(({ audience }) => audience),
  );
  const found = audiences.map(byAudience);
  for (const [place, audience] of audiences.entries())
    if (found[place] === undefined && !unsure.name('resources', audience))
      complain(at('audiences', place), describeUnknown(audience));
  if (audiences.length === 0 && !scopes.includes('openid'))
    complain(
      at('audiences'),
      'people sign in for an audience or for the scope openid, and these clients have neither. Add audiences, or openid to scopes.',
    );
  const known = new Set([...SIGN_IN_SCOPES, ...found.flatMap((resource) => [...(resource?.scopes ?? [])])]);
  for (const [place, scope] of scopes.entries())
    if (!known.has(scope) && found.every((resource) => resource !== undefined))
      complain(
        at('scopes', place),
        `no audience of ${section} has the scope ${JSON.stringify(scope)}.${didYouMean(scope, known) || ' Add it to the scopes of a resource.'}`,
        'warning',
      );
  if (accounts.length === 0 && upstream === undefined && !unsure.key('accounts') && !unsure.key('upstream'))
    complain([section], 'nobody can sign in: there are no accounts and no upstream. Add one.', 'warning');
}
