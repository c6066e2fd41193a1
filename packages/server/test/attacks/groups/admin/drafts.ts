// Drafts of the configuration that are too large, or that try to read files, variables and folders of the server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { admin, withOperators } from '../../../support/admin-api.ts';
import { API, configuration } from '../../../support/basics.ts';
import { changed, yamlOf } from '../../../support/configuration.ts';
import { start } from '../../../support/harness.ts';
import type { Case, Trial } from '../../group.ts';
import { type AdminWorld, lasting } from './world.ts';

const FACTS = { client: 'gateway', subject: { claims: { sub: 'gateway' } } };
const SECRET = 'the-content-of-a-file-of-the-server';

export const drafts: Readonly<Record<string, Case<AdminWorld>>> = {
  A16: async ({ call }, { attempt, twin }) => {
    const explain = (rules: string) => call('POST /explain', { ...FACTS, draft: { files: [{ path: '', rules }] } });
    const aliases = Array.from(
      { length: 12 },
      (_, index) => `a${index}: &a${index} [${`*a${index - 1}, `.repeat(index && 20)}1]`,
    );
    const variants = {
      '2 MiB': `rules: [] # ${'x'.repeat(2_097_152)}`,
      'deeply nested': `rules: ${'['.repeat(5000)}${']'.repeat(5000)}`,
      'a key twice': 'rules: []\nrules: []',
      'a key of an entry twice': 'rules: [{ name: a, name: a }]',
      'aliases of aliases': `rules: []\n${aliases.join('\n')}`,
      'not a list': 'rules: 7',
    };
    for (const [what, rules] of Object.entries(variants)) await attempt(what, explain(rules));
    await twin(explain(stringify({ rules: lasting.rules })));
  },

  A34: async ({ call, server }, { attempt, twin, after }) => {
    writeFileSync(join(server.folder, 'secret.txt'), SECRET);
    process.env.ATTACKED_VARIABLE = SECRET;
    try {
      const check = (more: object) =>
        call('POST /policy/check', { files: [{ path: '', text: stringify({ ...lasting, ...more }) }] });
      const branded = (logo: string) => ({ branding: { logo } });
      for (const more of [
        { include: 'secret.txt' },
        { include: '*' },
        { include: '/etc/*' },
        { include: join(server.folder, 'secret.txt') },
        { include: [{ path: 'secret.txt', audiences: ['https://a.example/*'], files: ['/*'] }] },
        branded('secret.txt'),
        branded('/proc/self/environ'),
        { sealingKey: { file: 'secret.txt' } },
        { rules: [{ name: `\${ATTACKED_VARIABLE}` }] },
        { rules: [{ name: `\${ATTACKED_VARIABLE:-none}`, client: 'gateway' }] },
        {
          issuers: [
            { issuer: 'https://127.0.0.1:1', jwksUri: 'https://127.0.0.1:1/x', accepts: ['jwt'], audiences: ['x'] },
          ],
        },
        { issuers: [{ saml: 'https://idp.example', certificates: ['secret.txt'], audiences: ['x'] }] },
      ]) {
        const answer = await attempt(JSON.stringify(more), check(more));
        assert.equal(answer.text.includes(SECRET), false, JSON.stringify(more));
        assert.doesNotMatch(answer.text, /root:|NODE_|HOME=/);
      }
      await attemptDocument({ attempt, twin, after });
      await twin(check({}));
    } finally {
      delete process.env.ATTACKED_VARIABLE;
    }
  },

  A47: async ({ call, server }, { attempt, twin, after }) => {
    const before = readFileSync(join(server.folder, 'cambio.yaml'), 'utf8');
    after(() => server.reload(before));
    const { rules, issuer, ...others } = lasting;
    const section = stringify({ rules });
    const [head, rest] = [`issuer: ${issuer}\n# ${SECRET}\n`, stringify(others)];
    const behind = {
      'a comment': `${head}${section}# ${SECRET}\n${rest}`,
      'an empty line and a comment': `${head}${section}\n# ${SECRET}\n${rest}`,
      'a value': `# ${SECRET}\n${section}issuer: ${issuer} # ${SECRET}\n${rest}`,
      'a key and its entries': `${head}${section}accounts:\n  - { username: ada, password: { plain: ${SECRET} } }\n${rest}`,
    };
    const longer = `${section}  - { name: new, effect: deny, client: stranger }\n`;
    for (const [what, text] of Object.entries(behind)) {
      await server.reload(text);
      for (const [path, body] of [
        ['check', { files: [{ path: '', rules: longer }] }],
        ['check', { files: [{ path: '', text: longer }] }],
        [
          'check',
          {
            files: [
              { path: '', rules: longer },
              { path: 'cambio.yaml', text: longer },
            ],
          },
        ],
        ['tests', FACTS],
      ] as const) {
        const answer = await attempt(`${path}: ${what}`, call(`POST /policy/${path}`, body));
        assert.equal(answer.text.includes(SECRET), false, `${path}: ${what}: ${answer.text}`);
      }
    }
    const { body } = await twin(call('POST /policy/check', { files: [{ path: '', rules: longer }] }));
    assert.match(String(body.patch), /name: new/);
  },
};

/** A client that describes itself at an address that the draft chooses. An issuer on loopback may have such clients. */
async function attemptDocument({ attempt, twin, after }: Trial) {
  const asked: unknown[] = [];
  const host = createServer(({ url }, answer) => {
    asked.push(url);
    answer.end('{}');
  }).listen(0, '127.0.0.1');
  await once(host, 'listening');
  after(() => host.close());
  const base = withOperators(configuration);
  const server = await start({ after }, base);
  const domains = { domains: ['127.0.0.1'], allowPrivateNetwork: true, audiences: [API], scopes: ['read'] };
  const draft = { files: [{ path: '', text: yamlOf(changed(base, { clientDocuments: domains })) }] };
  const explain = (more: object) => admin(server, 'POST /explain', { body: { ...FACTS, ...more, draft } });
  const client = `http://127.0.0.1:${(host.address() as AddressInfo).port}/client`;
  await attempt('a document of a client', explain({ client }));
  assert.deepEqual(asked, []);
  await twin(explain({}));
}
