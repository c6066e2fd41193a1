// Resolves `regions`: names and addresses of the other regions, and the secret that all of them have.
import { urlProblem } from '../outbound/address.ts';
import type { RegionSettings } from '../regions/settings.ts';
import { tagOf } from '../regions/tag.ts';
import type { ConfigurationFile } from './schema.ts';
import { readSecret, type Surroundings } from './source.ts';
import { describeUrlProblem } from './urls.ts';

const MIN_SECRET_CHARACTERS = 32;
/** Shorter than a few reads, a slow answer would refuse tokens. Longer than this, it is not a bound. */
const STALE_SECONDS = { min: 3, max: 300 };

/** @returns undefined without the section: then the server has one region */
export function resolveRegions(file: ConfigurationFile, around: Surroundings): RegionSettings | undefined {
  const { regions, server, authorizationServers } = file;
  if (regions === undefined) return undefined;
  const { name, peers, staleAfter, singleUse, allowPrivateNetwork } = regions;
  const { complain } = around;
  const network = allowPrivateNetwork ? 'private' : 'public';
  const secrets = regions.secret.map((source, index) => {
    const text = readSecret(source, ['regions', 'secret', index], server.host, around);
    if (text !== undefined && text.length < MIN_SECRET_CHARACTERS)
      complain(
        ['regions', 'secret', index],
        `the secret has ${text.length} characters, and needs ${MIN_SECRET_CHARACTERS} or more. Make one with openssl rand -base64 32.`,
      );
    return text ?? '';
  });
  for (const [index, peer] of peers.entries()) {
    const same = peer.name === name || peers.findIndex((one) => one.name === peer.name) < index;
    if (same) complain(['regions', 'peers', index, 'name'], `another region has the name ${peer.name}. Names differ.`);
    else if ([name, ...peers.slice(0, index).map((one) => one.name)].some((one) => tagOf(one).equals(tagOf(peer.name))))
      complain(
        ['regions', 'peers', index, 'name'],
        `the ids of tokens cannot tell ${peer.name} from another region. Choose another name.`,
      );
    const problem = urlProblem(peer.url, network) ?? pathProblem(peer.url);
    if (problem !== undefined) complain(['regions', 'peers', index, 'url'], describeUrlProblem(peer.url, problem));
  }
  if (staleAfter < STALE_SECONDS.min || staleAfter > STALE_SECONDS.max)
    complain(
      ['regions', 'staleAfter'],
      `must be ${STALE_SECONDS.min}s to ${STALE_SECONDS.max / 60}m: other regions are read twice a second. Write 10s.`,
    );
  if (singleUse !== name && !peers.some((peer) => peer.name === singleUse))
    complain(['regions', 'singleUse'], `no region has the name ${singleUse}. Write the same name in every region.`);
  for (const [index, { subject }] of authorizationServers.entries())
    if (subject === 'pairwise')
      complain(
        ['authorizationServers', index, 'subject'],
        'each region has its own secret for pairwise subjects, so one person would have two names. Write same, email or { claim: NAME }, or remove regions.',
      );
  return { name, secrets, peers, staleAfter: staleAfter * 1000, singleUse, network };
}

const pathProblem = (url: string): string | undefined =>
  new URL(url).pathname === '/' && new URL(url).search === ''
    ? undefined
    : 'has a path or a query. Write the origin alone: the path follows from the issuer';
