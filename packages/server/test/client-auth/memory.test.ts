// Long texts of strangers do not use up memory: each flood sends more than the heap of the server can hold.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createBrowser, formOf } from '../support/browser.ts';
import { changed } from '../support/configuration.ts';
import { base64url } from '../support/harness.ts';
import { eventually, type ServerNode, startNode } from '../support/node.ts';
import { authorizationUrl, configuration } from '../support/people.ts';

const HEAP_MB = 128;
const REQUESTS = 150;
const LANES = 4;
const MEGABYTE = 1_000_000;

/** A different one for each request, within the limit of a body. */
const long = (index: number): string => `${index}`.padEnd(MEGABYTE, 'x');
const wrong = { grant_type: 'client_credentials', client_secret: 'wrong' };

/** Its long texts need no escapes. To encode and search them as `node.token` does takes longer than the server needs. */
const formText = (form: Record<string, string>): string =>
  Object.entries(form)
    .map(([name, value]) => `${name}=${value.length < 1000 ? encodeURIComponent(value) : value}`)
    .join('&');

function assertionOf(index: number): string {
  const parts = [{ alg: 'ES256' }, { sub: `${index}`.padEnd(700_000, 'x') }];
  return `${parts.map((part) => base64url(JSON.stringify(part))).join('.')}.AAAA`;
}

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const forms: Readonly<Record<string, (index: number) => Record<string, string>>> = {
  'client ids of 1 MB': (index) => ({ ...wrong, client_id: long(index) }),
  'client ids in bodies of 1 MB': (index) => ({ ...wrong, client_id: `client number ${index}`, x: long(index) }),
  'assertions about subjects of 700 KB': (index) => ({
    ...{ grant_type: 'client_credentials', client_assertion_type: ASSERTION },
    client_assertion: assertionOf(index),
  }),
};

/** Each request comes from another address, so that no limit ends the flood, and has another name. */
const from = (index: number) => ({
  'content-type': 'application/x-www-form-urlencoded',
  'x-forwarded-for': `10.0.${index >> 8}.${index & 255}`,
  'x-request-id': `${index}`.padEnd(4000, 'x'),
});

async function flood(send: (index: number) => Promise<void>): Promise<void> {
  const lane = async (first: number): Promise<void> => {
    for (let index = first; index < REQUESTS; index += LANES) await send(index);
  };
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
}

suite('a server with a heap of 128 MB survives', () => {
  const behindProxy = changed(configuration, {
    issuer: `http://127.0.0.1:\${PORT}`,
    server: { trustProxy: ['127.0.0.1'] },
  });
  const ends: (() => Promise<void>)[] = [];
  let node: ServerNode;
  before(async () => {
    node = await startNode({ after: (end) => void ends.push(end) }, behindProxy, { heap: HEAP_MB });
  });
  after(async () => {
    for (const end of ends) await end();
  });

  for (const [name, form] of Object.entries(forms)) {
    test(`${name} (Q30)`, async () => {
      await flood(async (index) => {
        const response = await fetch(`${node.url}/oauth/token`, {
          method: 'POST',
          body: formText(form(index)),
          headers: from(index),
        });
        const { status } = response;
        await response.text();
        // A busy disk can cause a 503. This test shows that the server answers and continues.
        assert.ok([400, 401, 503].includes(status), String(status));
      });
      const ask = () => node.token({ ...wrong, client_id: 'machine', client_secret: 'machine-secret' });
      await eventually(ask, ({ status }) => status === 200);
    });
  }

  test('usernames of 1 MB, and the right one is still let in (Q30)', async () => {
    const browser = createBrowser(node.url);
    const page = await browser.get(authorizationUrl());
    const { action, hidden } = formOf(page);
    await flood(async (index) => {
      const form = formText({ ...hidden, username: long(index).slice(0, MEGABYTE - 1000), password: 'guess' });
      assert.equal((await browser.post(action, form, from(index))).status, 400);
    });
    const signedIn = await browser.submit(page, { username: 'ada', password: 'lovelace' });
    assert.match(signedIn.text, /name="agree"/);
  });
});
