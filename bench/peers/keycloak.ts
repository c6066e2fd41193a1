// Keycloak's distribution, with its JWT grant for tokens of another issuer, and its standard exchange for its own.
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { KEYCLOAK_PROGRAM } from '../../interop/language.ts';
import type { Contender, Place, Program } from '../contender.ts';
import { CLIENT, EXCHANGE, type Form, urn } from '../request.ts';
import { freePort } from '../served.ts';
import { install } from './install.ts';

const REALM = '/realms/bench';
const SUBJECT = 'ada';
/** Seconds. */
const LIFETIME = 7200;

interface Setting extends Pick<Place, 'issuers'> {
  /** URL of the keys of the issuer of people. */
  readonly keys: string;
  /** Whether it stores its events. */
  readonly events: boolean;
}

/** A realm in which `ada` of the other issuer has an account. All signatures are ES256. */
const realmOf = ({ issuers, keys, events }: Setting): object => ({
  realm: 'bench',
  enabled: true,
  defaultSignatureAlgorithm: 'ES256',
  accessTokenLifespan: LIFETIME,
  eventsEnabled: events,
  identityProviders: [
    {
      alias: 'people',
      providerId: 'jwt-authorization-grant',
      enabled: true,
      config: {
        issuer: issuers.people.issuer,
        jwksUrl: keys,
        useJwksUrl: 'true',
        jwtAuthorizationGrantEnabled: 'true',
        jwtAuthorizationGrantAssertionReuseAllowed: 'true',
        jwtAuthorizationGrantMaxAllowedAssertionExpiration: String(LIFETIME),
      },
    },
  ],
  clients: [
    {
      clientId: CLIENT.client_id,
      secret: CLIENT.client_secret,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
      fullScopeAllowed: false,
      attributes: {
        'oauth2.jwt.authorization.grant.enabled': 'true',
        'oauth2.jwt.authorization.grant.idp': 'people',
        'standard.token.exchange.enabled': 'true',
      },
    },
  ],
  users: [
    {
      username: SUBJECT,
      enabled: true,
      email: 'ada@people.example',
      firstName: 'Ada',
      lastName: 'Lovelace',
      federatedIdentities: [{ identityProvider: 'people', userId: SUBJECT, userName: SUBJECT }],
    },
  ],
});

const keycloak = (name: string, title: string, events: boolean): Contender => ({
  name,
  title,
  offers: ['cold', 'own'],
  paths: { token: `${REALM}/protocol/openid-connect/token` },
  claims: (port) => ({ sub: SUBJECT, aud: `http://127.0.0.1:${port}${REALM}` }),
  translate,
  command: (place) => start(place, events),
});

export const keycloaks = [
  keycloak(
    'keycloak',
    'Keycloak, its database a file of H2; foreign tokens by its JWT grant, which may use one twice',
    false,
  ),
  keycloak('keycloak-events', 'the same, with its events stored', true),
];

/** It has neither `resource` nor the scope. Its exchange takes its own tokens only. */
function translate({ resource: _resource, scope: _scope, ...form }: Form): Form {
  const { grant_type, subject_token = '', subject_token_type } = form;
  if (grant_type !== EXCHANGE || subject_token_type !== urn('jwt')) return form;
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  return { grant_type: grant, ...CLIENT, assertion: subject_token };
}

async function start(place: Place, events: boolean): Promise<Program> {
  const { port, folder, issuers } = place;
  const installed = join(await install(KEYCLOAK_PROGRAM), 'keycloak');
  // The data of this run, beside the installed program.
  for (const part of ['bin', 'conf']) cpSync(join(installed, part), join(folder, part), { recursive: true });
  for (const part of ['lib', 'providers', 'themes']) symlinkSync(join(installed, part), join(folder, part));
  mkdirSync(join(folder, 'data', 'import'), { recursive: true });
  const realm = realmOf({ issuers, keys: await serveKeys(place), events });
  writeFileSync(join(folder, 'data', 'import', 'bench.json'), JSON.stringify(realm));
  const origin = `http://127.0.0.1:${port}`;
  return {
    run: [
      join(folder, 'bin', 'kc.sh'),
      ...['start', '--optimized', '--import-realm', '--http-enabled=true', '--http-host=127.0.0.1'],
      ...[`--hostname=${origin}`, `--http-port=${port}`, `--http-management-port=${await freePort()}`],
    ],
    cwd: folder,
    ready: `${REALM}/.well-known/openid-configuration`,
    version: readFileSync(join(installed, 'version.txt'), 'utf8').replace(/^.* /, '').trim(),
  };
}

/** It reads keys from a URL only. */
async function serveKeys({ issuers, after }: Place): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [issuers.people.jwk] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
}
