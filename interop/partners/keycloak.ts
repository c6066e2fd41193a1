// Keycloak as the other domain: it redeems our ID-JAGs and our grants of identity chaining. It issues neither. And as the server of our
// client library.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimsOf, EXCHANGE, freePort, type } from '../../packages/server/test/support/harness.ts';
import { trial } from '../typescript/trial.ts';
import { JWT_BEARER, post, startCompany, withCleanup } from './company.ts';
import { shop, tryClient } from './keycloak-client.ts';
import { startPartner } from './program.ts';

const PARTNER = 'keycloak-quarkus-dist';
const SECRET = 'company-assistant-secret';

/** A realm that trusts the company, with the account that is ada. */
const realmOf = (company: string) => ({
  realm: 'vendor',
  enabled: true,
  identityProviders: [
    {
      alias: 'company',
      providerId: 'jwt-authorization-grant',
      enabled: true,
      config: {
        issuer: company,
        jwksUrl: `${company}/.well-known/jwks.json`,
        useJwksUrl: 'true',
        jwtAuthorizationGrantEnabled: 'true',
      },
    },
  ],
  clients: [
    {
      clientId: 'company-assistant',
      secret: SECRET,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
      attributes: {
        'oauth2.jwt.authorization.grant.enabled': 'true',
        'oauth2.jwt.authorization.grant.idp': 'company',
        'standard.token.exchange.enabled': 'true',
      },
    },
  ],
  users: [
    {
      username: 'lovelace',
      enabled: true,
      email: 'ada@vendor.example',
      firstName: 'Ada',
      lastName: 'Lovelace',
      federatedIdentities: [{ identityProvider: 'company', userId: 'ada', userName: 'ada' }],
    },
  ],
});

await withCleanup(async (t) => {
  const [port, companyPort, management] = [await freePort(), await freePort(), await freePort()];
  const company = `http://127.0.0.1:${companyPort}`;
  const base = `http://localhost:${port}`;
  const issuer = `${base}/realms/vendor`;
  const home = join(process.cwd(), 'keycloak');
  mkdirSync(join(home, 'data', 'import'), { recursive: true });
  for (const realm of [realmOf(company), shop])
    writeFileSync(join(home, 'data', 'import', `${realm.realm}.json`), JSON.stringify(realm));
  const options = ['--http-enabled=true', '--hostname-strict=false', '--http-host=127.0.0.1'];
  const ports = [`--http-port=${port}`, `--http-management-port=${management}`];
  await startPartner(t, [join(home, 'bin', 'kc.sh'), 'start', '--optimized', '--import-realm', ...options, ...ports], {
    cwd: home,
    env: { JAVA_OPTS_APPEND: '-Xmx768m' },
    ready: `${issuer}/.well-known/openid-configuration`,
  });
  await tryClient(base);
  const here = await startCompany(t, { issuer, clientId: 'company-assistant', port: companyPort });
  const token = (form: Record<string, string>) =>
    post(
      `${issuer}/protocol/openid-connect/token`,
      new URLSearchParams({ client_id: 'company-assistant', client_secret: SECRET, ...form }),
    );
  for (const [kind, name] of [
    ['jwt', 'grant of identity chaining'],
    ['id-jag', 'ID-JAG'],
  ] as const)
    await trial(PARTNER, `it redeems our ${name}, once`, async () => {
      const assertion = await here.grant(kind);
      const answer = await token({ grant_type: JWT_BEARER, assertion });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const { iss, preferred_username } = claimsOf(answer.body.access_token);
      assert.deepEqual({ iss, preferred_username }, { iss: issuer, preferred_username: 'lovelace' });
      const again = await token({ grant_type: JWT_BEARER, assertion });
      assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
    });

  for (const [kind, name] of [
    ['jwt', 'a grant of identity chaining'],
    ['id-jag', 'an ID-JAG'],
  ] as const)
    await trial(
      PARTNER,
      `it issues ${name} for us`,
      async () => {
        const own = await token({ grant_type: 'client_credentials' });
        assert.equal(own.status, 200, JSON.stringify(own.body));
        const answer = await token({
          grant_type: EXCHANGE,
          subject_token: String(own.body.access_token),
          subject_token_type: type('access_token'),
          requested_token_type: type(kind),
          audience: company,
        });
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
      },
      {
        fails: /requested_token_type unsupported/,
        because: 'its exchange does not support this `requested_token_type`',
      },
    );
});
