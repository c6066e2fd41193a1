// Commands and programs that people paste: links and requests of strangers name the clients, targets and scopes in them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { dataOf } from '../../server/test/support/configuration.ts';
import { commandsFor } from '../src/pages/overview/sample-commands.ts';
import type { Client } from '../src/shared/sample-exchange.ts';
import { shellQuote } from '../src/shared/shell.ts';
import type { SnippetRequest } from '../src/shared/snippets/form.ts';
import { type Language, languages, writeSnippet } from '../src/shared/snippets/index.ts';

const STRANGE = [
  '',
  '=ls',
  "it's $(id) `id` !! \\x41 ü 🙂",
  // Ctrl-C and Ctrl-U clear the line of a terminal. The end of a bracketed paste begins what is typed.
  "x\u0003\u0015touch /tmp/pasted\r\n7'\\",
  '\u001b[201~\u009b1A\u007f8',
  'a\u202eb\u2028c\u200bd\u{e0041}e',
];

test('a word of a shell is the text, and has no character on which a terminal acts', () => {
  for (const text of STRANGE) {
    const word = shellQuote(text);
    assert.doesNotMatch(word, /[\p{C}\p{Zl}\p{Zp}]/u, JSON.stringify(word));
    const { stdout } = spawnSync('bash', ['-c', `printf %s ${word}`], { encoding: 'utf8' });
    assert.equal(stdout, text, word);
  }
  assert.equal(shellQuote('https://api.example/a?b'), "'https://api.example/a?b'");
  assert.equal(shellQuote('orders-api'), 'orders-api');
});

const request: SnippetRequest = {
  issuer: 'https://login.example',
  client: 'gateway',
  auth: 'client_secret_post',
  needsDpop: false,
  grant: 'token-exchange',
  subjectType: 'access_token',
  actorType: undefined,
  audience: STRANGE.slice(0, -1),
  resource: [],
  scope: 'a\u202eb\u2028c\u200bd',
  requestedType: '',
};

test('a program has no character that acts or hides', () => {
  for (const language of Object.keys(languages) as Language[]) {
    const text = writeSnippet(language, request);
    assert.doesNotMatch(text.replaceAll(/[\n\t]/g, ''), /[\p{C}\p{Zl}\p{Zp}]/u, language);
  }
});

interface AgentGateway {
  readonly routes: readonly [
    {
      readonly backends: readonly [
        {
          readonly host: string;
          readonly policies: {
            readonly backendAuth: {
              readonly oauthTokenExchange: {
                readonly grantType?: string;
                readonly subjectToken?: object;
                readonly clientAuth?: { readonly assertionAudience?: string };
              };
            };
          };
        },
      ];
    },
  ];
}

test('an exchange is written as a configuration of agentgateway', () => {
  const plain = { ...request, client: 'gateway', audience: ['https://api.example:8443/v1'], scope: 'read write' };
  const written = (changes: Partial<SnippetRequest> = {}) =>
    dataOf(
      writeSnippet('agentgateway', { ...plain, issuer: 'https://login.example/tenant', ...changes }),
    ) as unknown as AgentGateway;
  const backendOf = ({ routes }: AgentGateway) => routes[0].backends[0];
  const exchangeIn = (config: AgentGateway) => backendOf(config).policies.backendAuth.oauthTokenExchange;
  const config = written({ auth: 'client_secret_basic', actorType: 'jwt' });
  assert.equal(backendOf(config).host, 'api.example:8443');
  assert.deepEqual(exchangeIn(config), {
    host: 'login.example:443',
    path: '/tenant/oauth/token',
    policies: { backendTLS: {} },
    subjectToken: { tokenType: 'urn:ietf:params:oauth:token-type:access_token' },
    actorToken: { tokenType: 'urn:ietf:params:oauth:token-type:jwt', source: { header: { name: 'x-actor-token' } } },
    audiences: ['https://api.example:8443/v1'],
    scopes: ['read', 'write'],
    clientAuth: { clientId: 'gateway', method: 'clientSecretBasic', clientSecret: '$CLIENT_SECRET' },
  });
  const redeemed = exchangeIn(written({ grant: 'jwt-bearer', auth: 'private_key_jwt' }));
  assert.deepEqual([redeemed.grantType, redeemed.subjectToken], ['jwtBearer', undefined]);
  assert.equal(redeemed.clientAuth?.assertionAudience, 'https://login.example/tenant');
  assert.equal(exchangeIn(written({ auth: 'workload' })).clientAuth, undefined);
  assert.match(writeSnippet('agentgateway', { ...plain, needsDpop: true }), /^# This client must prove a key/);
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

test('a program sends each text as it is', { skip: !hasPython && 'this machine lacks python3' }, () => {
  const python = writeSnippet('Python', request).replace(/request = [\s\S]*/, 'import json; print(json.dumps(form))');
  const env = { ...process.env, CLIENT_SECRET: 's', SUBJECT_TOKEN: 't' };
  const { stdout, stderr } = spawnSync('python3', ['-c', python], { encoding: 'utf8', env });
  assert.equal(stderr, '');
  const form = JSON.parse(stdout) as readonly (readonly [string, string])[];
  assert.deepEqual(
    form.filter(([name]) => name === 'audience' || name === 'scope').map(([, value]) => value),
    [...request.audience, request.scope],
  );
});

test('the commands of the demo exchange authenticate as the entry of the client says', () => {
  const subject = { issuer: 'self', type: 'access_token', claims: { sub: 'ada' } } as const;
  const sample = { rule: 'beside', client: 'gateway', subject, audience: 'https://api.example' };
  const written = (auth: string): string => {
    const client = { id: 'gateway', entry: { auth } } as unknown as Client;
    return commandsFor(sample, [client], 'https://login.example');
  };
  assert.match(written('client_secret_basic'), /-u gateway:"\$GATEWAY_SECRET"/);
  assert.match(written('client_secret_post'), /-d client_id=gateway -d client_secret="\$GATEWAY_SECRET"/);
  assert.match(written('none'), /-d client_id=gateway \\\n/);
  assert.match(written('tls_client_auth'), /--cert client\.pem --key client-key\.pem -d client_id=gateway/);
  assert.match(
    written('private_key_jwt'),
    /-d client_id=gateway -d client_assertion_type=\S+:jwt-bearer -d client_assertion="\$GATEWAY_ASSERTION"/,
  );
});
