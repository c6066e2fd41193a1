// Commands and programs that people paste: links and requests of strangers name the clients, targets and scopes in them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
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

test('a program has no character that acts or hides', () => {
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
  for (const language of Object.keys(languages) as Language[]) {
    const text = writeSnippet(language, request);
    assert.doesNotMatch(text.replaceAll(/[\n\t]/g, ''), /[\p{C}\p{Zl}\p{Zp}]/u, language);
  }
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
