// Finds the team of an entry, and names the audiences and clients that belong to it.
import { didYouMean } from '../primitives/nearest.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { matchesAudience } from './audience-pattern.ts';
import type { Complain, Path } from './fault.ts';
import type { Origin } from './origin.ts';
import { isOurs } from './resolve-resources.ts';
import type { ConfigurationFile } from './schema.ts';
import type { FileLimits } from './schema-include.ts';

/** The files of one entry of `include` with limits. */
export interface Team {
  readonly include: number;
  readonly limits: FileLimits;
  /** Why `owns` refuses an audience. */
  readonly foreign: (audience: string) => string;
  /** Is it an audience or a location of the team? This server and its admin API are nobody's. */
  readonly owns: (audience: string) => boolean;
  /** May the team register the authorization server with this issuer? */
  readonly ownsServer: (issuer: string) => boolean;
  /** Every name of the other issuers that the team may name. */
  readonly issuers: ReadonlySet<string>;
  /** Did a file of the team declare the client, or do its limits name it? A pattern must be one of the limits, or narrower. */
  readonly ownsClient: (id: string) => boolean;
  /** Can a file of the team use the name? A suggestion of another one would lead to a fault, or to a stranger's entry. */
  readonly mayMean: Readonly<Record<'client' | 'issuer' | 'resource', (name: string) => boolean>>;
}

export interface LimitsContext {
  readonly file: ConfigurationFile;
  readonly complain: Complain;
  readonly originOf: (path: Path) => Origin;
  readonly placeOf: (path: Path) => string;
  /** The team of an entry; undefined for an entry without limits. */
  readonly teamOf: (
    section: 'resources' | 'authorizationServers' | 'clients' | 'rules',
    index: number,
  ) => Team | undefined;
}

export function createTeams(file: ConfigurationFile, originOf: LimitsContext['originOf']): LimitsContext['teamOf'] {
  const teams = new Map<number, Team>();
  return (section, index) => {
    const { include, limits } = originOf([section, index]);
    if (include === undefined || limits === undefined) return undefined;
    const known = teams.get(include);
    if (known !== undefined) return known;
    const declared = new Set(
      file.clients.filter((_, place) => originOf(['clients', place]).include === include).map(({ id }) => id),
    );
    const ownsClient = (id: string): boolean =>
      (!id.includes('*') && declared.has(id)) || matchesAny(limits.clients ?? [], id);
    const issuers = allowedIssuers(limits, file);
    const team: Team = {
      include,
      limits,
      owns: (audience) => owns(limits, audience, file.issuer),
      ownsServer: (server) => ownsServer(limits, server, file.issuer),
      foreign: (audience) =>
        isOurs(audience, file.issuer)
          ? `${JSON.stringify(audience)} is an audience of this server itself, which belongs to no file with limits. Move the entry to the main file.`
          : foreignAudience(audience, limits.audiences),
      issuers,
      ownsClient,
      mayMean: {
        client: ownsClient,
        issuer: (name) => name === 'self' || name === file.issuer || issuers.has(name),
        resource: (name) => mayName(limits, name, file.issuer),
      },
    };
    teams.set(include, team);
    return team;
  };
}

/** May an entry name the audience or the authorization server? @param limits undefined: the main file, or a file without limits */
export const mayName = (limits: FileLimits | undefined, audience: string, issuer: string): boolean =>
  limits === undefined || owns(limits, audience, issuer) || ownsServer(limits, audience, issuer);

const owns = ({ audiences }: FileLimits, audience: string, issuer: string): boolean =>
  matchesAudience(audiences, audience) && !isOurs(audience, issuer);

const ownsServer = ({ authorizationServers }: FileLimits, server: string, issuer: string): boolean =>
  matchesAudience(authorizationServers, server) && !isOurs(server, issuer);

/** Lists names in a message. */
export const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

const foreignAudience = (audience: string, own: readonly string[]): string =>
  `${JSON.stringify(audience)} is not an audience of this file, which has ${listed(own)}. Move the entry to the main file, or add the audience to its entry of include there.`;

const allowedIssuers = (limits: FileLimits, { issuers }: ConfigurationFile): ReadonlySet<string> =>
  new Set(
    issuers
      .map((entry) =>
        entry.saml === undefined
          ? [entry.name, entry.issuer, entry.trustDomain, entry.trustDomain && `spiffe://${entry.trustDomain}`]
          : [entry.name, entry.saml],
      )
      .filter((names) => names.some((name) => name !== undefined && limits.issuers.includes(name)))
      .flatMap((names) => names.filter((name) => name !== undefined)),
  );

export const foreignIssuer = (issuer: string, { limits }: Team): string => {
  const own = ['self', ...limits.issuers];
  const next = didYouMean(issuer, own) || ' Add its name to issuers of the entry of include, in the main file.';
  return `this file may not take tokens of the issuer ${JSON.stringify(issuer)}, but of ${own.join(', ')}.${next}`;
};

/** @param lifetime `what` is good for it, in seconds, by the key `key`, or by the default of that key */
export function tooLong(what: string, lifetime: number, limits: FileLimits, key: keyof typeof LIFETIMES): string {
  const { limit, unset, write } = LIFETIMES[key];
  const most = writtenDuration(limits[limit]);
  const found = `${writtenDuration(lifetime)}${lifetime === unset ? ', the default' : ''}`;
  return `${what} of this file may be good for ${most} at most, and this is ${found}. Write ${write.replace('TIME', most)}, or raise ${limit} of its entry of include, in the main file.`;
}

const LIFETIMES = {
  token: { limit: 'maxLifetime', unset: 3600, write: 'token: { lifetime: TIME }' },
  lifetime: { limit: 'maxLifetime', unset: 300, write: 'lifetime: TIME' },
  refreshLifetime: { limit: 'maxRefreshLifetime', unset: 86_400, write: 'refreshLifetime: TIME' },
} as const;

/** As a configuration file has it: `30m`. */
function writtenDuration(seconds: number): string {
  const [size, unit] = (
    [
      [86_400, 'd'],
      [3600, 'h'],
      [60, 'm'],
    ] as const
  ).find(([one]) => seconds % one === 0) ?? [1, 's'];
  return `${seconds / size}${unit}`;
}
