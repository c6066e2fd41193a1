// Which key the new token is bound to, for all combinations of the presented token's binding, the caller's proof, and the rule.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { ACTOR_REFUSED, assertRefused, SUBJECT_REFUSED } from '../support/basics.ts';
import { selfSigned } from '../support/certificate.ts';
import { beside, jsonOf } from '../support/command.ts';
import { type Answer, claimsOf, EXCHANGE, encode, type Form, read, start, type } from '../support/harness.ts';
import { entry as issuerEntry, startIssuer } from '../support/issuer.ts';
import { newProver } from '../support/prover.ts';
import { fetchAs, type Identity, selfIssued } from '../support/tls-client.ts';

/** Each client has one rule, with the setting in its name for subject and actor. */
const rules = {
  plain: { party: '', rule: '' },
  accept: { party: 'constrained: accept', rule: '' },
  rebind: { party: '', rule: 'rebind: bearer,' },
  both: { party: 'constrained: accept', rule: 'rebind: bearer,' },
} as const;
type RuleName = keyof typeof rules;
const ruleNames = Object.keys(rules) as RuleName[];
const audienceOf = (name: RuleName): string => `https://${name}.example`;
const audiences = ruleNames.map(audienceOf);
const entry = (id: string, more: string): string =>
  `{ id: ${id}, auth: client_secret_post, secret: { plain: ${id}-secret }, grants: [client_credentials, token_exchange], audiences: [${audiences}], scopes: [read], ${more} }`;

const idp = await startIssuer({ after: after as TestContext['after'] });

/** A proxy on loopback sends the certificate of its caller. `mutual-…` have tokens bound to their certificates. */
const server = await start(
  { after: after as TestContext['after'] },
  `
issuer: \${ISSUER}
server:
  port: \${PORT}
  trustProxy: [127.0.0.1]
  clientCertificates: { header: { name: x-certificate, format: der } }
store: sqlite:cambio.db
resources: [${audiences.map((audience) => `{ audience: ${audience}, scopes: [read] }`)}]
clients:
${['web', 'agent', 'gateway'].map((id) => `  - ${entry(id, '')}\n  - ${entry(`mutual-${id}`, 'certificateBoundAccessTokens: true')}`).join('\n')}
issuers:
  - ${JSON.stringify(issuerEntry(idp))}
rules:
  - { name: foreign, client: gateway, subject: { issuer: idp }, grant: { audiences: [${audiences[0]}], scopes: [read] } }
${ruleNames
  .map((name) => {
    const { party, rule } = rules[name];
    return `  - { name: ${name}, client: [gateway, mutual-gateway], ${rule} subject: { issuer: self, clients: [web, mutual-web], ${party} }, actor: { issuer: self, clients: [agent, mutual-agent], ${party} }, grant: { audiences: [${audienceOf(name)}], scopes: [read], types: [access_token, jwt] } }`;
  })
  .join('\n')}
`,
);

const provers = { own: newProver(), other: newProver() };
const certificates = await Promise.all(
  ['own', 'other'].map(async (value) => new X509Certificate((await selfSigned({ type: 'dns', value })).cert)),
);
const [ownCertificate, otherCertificate] = certificates as [X509Certificate, X509Certificate];
const digest = (certificate: X509Certificate): string =>
  Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');

/** `own` is the key that the presented token is bound to, if any. */
const proofs = {
  none: { cnf: undefined, headers: (): Record<string, string> => ({}) },
  'own DPoP': { cnf: { jkt: provers.own.jkt }, headers: () => ({ dpop: provers.own.prove(server) }) },
  'other DPoP': { cnf: { jkt: provers.other.jkt }, headers: () => ({ dpop: provers.other.prove(server) }) },
  'own mTLS': { cnf: { 'x5t#S256': digest(ownCertificate) }, headers: () => header(ownCertificate) },
  'other mTLS': { cnf: { 'x5t#S256': digest(otherCertificate) }, headers: () => header(otherCertificate) },
  'own mTLS and other DPoP': {
    cnf: { jkt: provers.other.jkt },
    headers: () => ({ ...header(ownCertificate), dpop: provers.other.prove(server) }),
  },
} as const;
type ProofName = keyof typeof proofs;
const proofNames = Object.keys(proofs) as ProofName[];

const header = (certificate: X509Certificate): Record<string, string> => ({
  'x-certificate': certificate.raw.toString('base64'),
});

/** A caller with a certificate is the client whose tokens are bound to it. */
const credentials = (name: string, proof: ProofName): Record<string, string> => {
  const id = proof.includes('mTLS') ? `mutual-${name}` : name;
  return { client_id: id, client_secret: `${id}-secret` };
};

async function tokenOf(name: string, proof: ProofName): Promise<string> {
  const form = { grant_type: 'client_credentials', ...credentials(name, proof) };
  const { status, text, body } = await server.token(form, proofs[proof].headers());
  assert.equal(status, 200, text);
  return String(body.access_token);
}

const bindings = ['none', 'own DPoP', 'own mTLS'] as const;
type Binding = (typeof bindings)[number];
const tokens = {
  subject: new Map(await Promise.all(bindings.map(async (one) => [one, await tokenOf('web', one)] as const))),
  actor: new Map(await Promise.all(bindings.map(async (one) => [one, await tokenOf('agent', one)] as const))),
};

const exchange = (subject: Binding, actor: Binding | undefined, proof: ProofName, rule: RuleName): Promise<Answer> =>
  server.token(
    {
      grant_type: EXCHANGE,
      ...credentials('gateway', proof),
      subject_token: tokens.subject.get(subject),
      subject_token_type: type('access_token'),
      ...(actor && { actor_token: tokens.actor.get(actor), actor_token_type: type('access_token') }),
      audience: audienceOf(rule),
    },
    proofs[proof].headers(),
  );

/**
 * bound to → proof → the result under the rules plain, accept, rebind and both: `=` bound to the key of the token; `>` to the
 * caller's other key; `o` a bearer token; `-` refused.
 */
const table: Readonly<Record<Binding, Readonly<Record<ProofName, string>>>> = {
  none: {
    none: 'o o o o',
    'own DPoP': '> > > >',
    'other DPoP': '> > > >',
    'own mTLS': '> > > >',
    'other mTLS': '> > > >',
    'own mTLS and other DPoP': '> > > >',
  },
  'own DPoP': {
    none: '- - - o',
    'own DPoP': '= = = =',
    'other DPoP': '- > - >',
    'own mTLS': '- > - >',
    'other mTLS': '- > - >',
    'own mTLS and other DPoP': '- > - >',
  },
  'own mTLS': {
    none: '- - - o',
    'own DPoP': '- > - >',
    'other DPoP': '- > - >',
    'own mTLS': '= = = =',
    'other mTLS': '- > - >',
    'own mTLS and other DPoP': '- > - >',
  },
};

/** The audit row of a token that lost its key. */
const rebound: Readonly<Record<string, string | undefined>> = { '>': 'key', o: 'bearer' };

for (const role of ['subject', 'actor'] as const) {
  test(`binds the new token to the key of a bound ${role} token, and requires its proof, unless the rule says otherwise (B09, B10, B11, B12, TE-72, TE-73a, DP-02)`, async () => {
    for (const binding of bindings) {
      for (const proof of proofNames) {
        for (const [index, rule] of ruleNames.entries()) {
          const answer = await (role === 'subject'
            ? exchange(binding, undefined, proof, rule)
            : exchange('none', binding, proof, rule));
          const what = `${role} bound to ${binding}, ${proof} proven, rule ${rule}: ${answer.text}`;
          const expected = table[binding][proof].split(' ')[index] ?? '';
          if (expected === '-') {
            const refused = role === 'subject' ? SUBJECT_REFUSED : ACTOR_REFUSED;
            assertRefused(server, answer, { ...refused, reason: `${role}_token_bound` }, what);
            continue;
          }
          const cnf = expected === 'o' ? undefined : proofs[proof].cnf;
          assert.deepEqual(
            {
              status: answer.status,
              token_type: answer.body.token_type,
              told: answer.body.cnf,
              cnf: claimsOf(answer.body.access_token).cnf,
              rebound: server.audit(answer)?.rebound,
            },
            {
              status: 200,
              token_type: cnf !== undefined && 'jkt' in cnf ? 'DPoP' : 'Bearer',
              told: cnf,
              cnf,
              rebound: binding === 'none' ? undefined : rebound[expected],
            },
            what,
          );
          if (expected === '=') assert.deepEqual(cnf, proofs[binding].cnf, what);
        }
      }
    }
  });
}

test('requires one proof for both subject and actor, or a rule that accepts them without', async () => {
  const cases = [
    ['own DPoP', 'own DPoP', 'own DPoP', 'plain', undefined],
    ['own mTLS', 'own mTLS', 'own mTLS', 'plain', undefined],
    ['own DPoP', 'own mTLS', 'own DPoP', 'plain', 'actor_token_bound'],
    ['own DPoP', 'own mTLS', 'own DPoP', 'accept', undefined],
    ['own mTLS', 'own DPoP', 'own DPoP', 'plain', 'subject_token_bound'],
    ['own mTLS', 'own DPoP', 'own DPoP', 'accept', undefined],
    ['own DPoP', 'own DPoP', 'none', 'accept', 'subject_token_bound'],
    ['own DPoP', 'own DPoP', 'none', 'both', undefined],
  ] as const;
  for (const [subject, actor, proof, rule, reason] of cases) {
    const answer = await exchange(subject, actor, proof, rule);
    assert.equal(server.audit(answer)?.reason, reason, `${subject}, ${actor}, ${proof}, ${rule}: ${answer.text}`);
    assert.equal(answer.status, reason === undefined ? 200 : 400);
  }
});

test('refuses a client with certificate-bound tokens without its certificate (MT-06)', async () => {
  const form = { grant_type: 'client_credentials', ...credentials('gateway', 'own mTLS') };
  assertRefused(server, await server.token(form), {
    error: 'invalid_request',
    description: 'The client must present its TLS certificate',
    reason: 'certificate_missing',
  });
  assert.equal((await server.token(form, header(ownCertificate))).status, 200);
});

test('computes the thumbprint of the certificate in RFC 8705 appendix A (MT-10)', async () => {
  const der =
    'MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=';
  const form = { grant_type: 'client_credentials', ...credentials('gateway', 'own mTLS') };
  const { body } = await server.token(form, { 'x-certificate': der });
  assert.deepEqual(claimsOf(body.access_token).cnf, { 'x5t#S256': 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0' });
});

test('publishes in the metadata that tokens may be bound to certificates (RFC 8705 section 3.3; MT-06)', async () => {
  const answer = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`);
  const metadata = (await answer.json()) as Record<string, unknown>;
  assert.equal(metadata.tls_client_certificate_bound_access_tokens, true);
});

test('explains which key a request must prove, the binding of the new token, and what was proven', async (t) => {
  const explain = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
    jsonOf(await beside(t, server, ['explain', ...args, '--json']));
  const proofIn = (explanation: Record<string, unknown>): unknown =>
    (explanation.steps as { step: string; found: string }[]).find(({ step }) => step === 'proof')?.found;
  const imagine = (subject: Binding, rule: RuleName): Promise<Record<string, unknown>> =>
    explain(
      '--client',
      'gateway',
      '--subject-token',
      tokens.subject.get(subject) ?? '',
      '--audience',
      audienceOf(rule),
    );
  const key = `the DPoP key ${provers.own.jkt}`;
  const needed = await imagine('own DPoP', 'plain');
  assert.equal(needed.decision, 'allowed');
  assert.deepEqual((needed.claims as Record<string, unknown>).cnf, { jkt: provers.own.jkt });
  assert.equal(
    proofIn(needed),
    `the subject token is bound to ${key}; the caller must prove ${key}, and the new token is bound to it`,
  );
  assert.equal(
    proofIn(await imagine('own mTLS', 'accept')),
    `the subject token is bound to the TLS certificate ${digest(ownCertificate)}; the caller must prove the DPoP key (of the caller), and the new token is bound to it`,
  );
  assert.equal(
    proofIn(await imagine('own DPoP', 'both')),
    `the subject token is bound to ${key}; the new token is a bearer token, because the rule says so (rebind: bearer)`,
  );
  assert.equal(proofIn(await imagine('none', 'plain')), undefined);

  const made = await exchange('own DPoP', undefined, 'own DPoP', 'plain');
  assert.equal(
    proofIn(await explain('--request', String(made.headers.get('x-request-id')))),
    `the subject token is bound to ${key}; the caller proved ${key}, and the new token is bound to it`,
  );
  const refused = await exchange('own DPoP', undefined, 'none', 'accept');
  assert.equal(
    proofIn(await explain('--request', String(refused.headers.get('x-request-id')))),
    `the subject token is bound to a key that the request does not prove, and the rule does not accept it unproven: it is bound to ${key}: the rule accepts it without that key, but does not grant an unbound token for it (rebind)`,
  );
});

test('requires the key of a foreign bound token, and binds the new token to it', async () => {
  const { own, other } = provers;
  const present = (cnf: unknown, dpop?: string): Promise<Answer> =>
    server.token(
      {
        grant_type: EXCHANGE,
        ...credentials('gateway', 'none'),
        subject_token: idp.sign({ cnf }),
        subject_token_type: type('jwt'),
      },
      dpop === undefined ? {} : { dpop },
    );
  const cnf = { jkt: own.jkt };
  const good = await present(cnf, own.prove(server));
  assert.deepEqual([good.body.token_type, good.body.cnf], ['DPoP', cnf]);
  const unknown = [{ jwk: own.jwk }, { ...cnf, kid: 'x' }, {}, 'x', null, { jkt: 'x' }, [cnf]];
  for (const [claim, proof] of [
    [cnf, undefined],
    [cnf, other.prove(server)],
    ...unknown.map((claim) => [claim, own.prove(server)] as const),
  ] as const) {
    const refused = await present(claim, proof);
    assertRefused(server, refused, { ...SUBJECT_REFUSED, reason: 'subject_token_bound' }, JSON.stringify(claim));
  }
});

test('binds a token to the certificate of the TLS connection, whatever its issuer (MT-04, MT-07)', async (t) => {
  const https = await selfIssued({ name: 'CN=server', names: [{ type: 'ip', value: '127.0.0.1' }] });
  const [mine, theirs] = await Promise.all(['mine', 'theirs'].map((name) => selfIssued({ name: `CN=${name}` })));
  assert.ok(mine && theirs);
  const app =
    '{ id: app, auth: none, publicExchange: true, grants: [token_exchange, refresh_token], certificateBoundAccessTokens: true }';
  const yaml = `
issuer: \${ISSUER}
server:
  port: \${PORT}
  tls: { cert: cert.pem, key: key.pem }
store: sqlite:cambio.db
resources: [{ audience: https://api.example, scopes: [read] }]
clients:
  - { id: web, auth: client_secret_post, secret: { plain: web-secret }, grants: [client_credentials], audiences: [https://api.example], scopes: [read] }
  - ${app}
rules:
  - { client: app, subject: { issuer: self, clients: [web, app] }, grant: { audiences: [https://api.example], scopes: [read], refreshToken: true } }
`;
  const files = { 'cert.pem': https.cert, 'key.pem': https.key };
  const secure = await start(t, yaml, { files, fetch: fetchAs(undefined, https.cert) });
  const ask = async (identity: Identity | undefined, form: Form): Promise<Answer> =>
    read(
      await fetchAs(identity, https.cert)(`${secure.issuer}/oauth/token`, {
        method: 'POST',
        body: encode({ client_id: 'app', ...form }),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    );
  const web = await ask(undefined, {
    ...{ grant_type: 'client_credentials', client_id: 'web', client_secret: 'web-secret' },
  });
  const exchangeOf = (subject: Answer) => ({
    ...{ grant_type: EXCHANGE, subject_token: String(subject.body.access_token) },
    subject_token_type: type('access_token'),
  });
  assert.equal(secure.audit(await ask(undefined, exchangeOf(web)))?.reason, 'certificate_missing');
  const bound = await ask(mine, exchangeOf(web));
  const cnf = { 'x5t#S256': digest(mine.x509) };
  assert.deepEqual([bound.body.token_type, claimsOf(bound.body.access_token).cnf], ['Bearer', cnf]);
  assert.equal(secure.audit(await ask(theirs, exchangeOf(bound)))?.reason, 'subject_token_bound');
  assert.deepEqual((await ask(mine, exchangeOf(bound))).body.cnf, cnf);
  const refresh = { grant_type: 'refresh_token', refresh_token: String(bound.body.refresh_token) };
  const refused = await ask(theirs, refresh);
  assert.deepEqual([refused.body.error, secure.audit(refused)?.reason], ['invalid_grant', 'refresh_token_bound']);
  assert.deepEqual(claimsOf((await ask(mine, refresh)).body.access_token).cnf, cnf);
});
