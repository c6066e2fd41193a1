// Drafts of the configuration that are too large, or that try to read files, variables and folders of the server.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Case } from '../../group.ts';
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

  A34: async ({ call, server }, { attempt, twin }) => {
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
      await twin(check({}));
    } finally {
      delete process.env.ATTACKED_VARIABLE;
    }
  },
};
