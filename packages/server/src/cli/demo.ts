// cambio demo: shows an exchange, a delegation and a refusal on a temporary server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../app.ts';
import type { AuditEvent } from '../audit/event.ts';
import { eventOf } from '../audit/row.ts';
import { parseConfiguration } from '../config/load.ts';
import { decodeBase64url } from '../primitives/base64url.ts';
import { systemClock } from '../primitives/clock.ts';
import { reasons } from '../primitives/refusal.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { tokenTypeUri } from '../primitives/token-type.ts';
import { readAnswerText } from '../primitives/utf8.ts';
import { findAuditRow } from '../store/audit-search.ts';
import { openStore, type Store } from '../store/store.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print } from './print.ts';

const CONFIGURATION = `
issuer: https://login.example
server: { host: 127.0.0.1, port: 0, metrics: off }
store: sqlite:demo.db
resources:
  - { audience: https://shop.example, scopes: [read, order] }
  - { audience: https://stock.example, scopes: [read] }
clients:
  - { id: shop, auth: client_secret_post, secret: { plain: demo }, grants: [client_credentials, token_exchange], audiences: [https://shop.example], scopes: [read, order] }
  - { id: assistant, auth: client_secret_post, secret: { plain: demo }, grants: [client_credentials], audiences: [https://shop.example], scopes: [read] }
  - { id: stranger, auth: client_secret_post, secret: { plain: demo }, grants: [client_credentials], audiences: [https://shop.example], scopes: [read] }
rules:
  - name: the assistant may act for the shop
    client: shop
    subject: { issuer: self, types: [access_token] }
    actor: { issuer: self, clients: [assistant] }
    grant: { audiences: [https://stock.example], scopes: [read], lifetime: 10m }
`;

type Form = Readonly<Record<string, string>>;
type Granted = Readonly<{ access_token: string; [member: string]: unknown }>;
type Asked = { readonly status: number; readonly requestId: string; readonly body: Record<string, unknown> };

export const demo: CliCommand = {
  examples: [['cambio demo', 'needs no configuration, and leaves no files']],
  describe: (command) => command.description('Show an exchange, a delegation and a refusal on a temporary server.'),
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cambio-demo-'));
    let story: string;
    try {
      const configuration = await parseConfiguration(CONFIGURATION, {
        file: join(folder, 'demo.yaml'),
        environment: {},
      });
      const server = await startServer(configuration);
      const store = await openStore(configuration.store, 'read', systemClock());
      try {
        story = await walk(`http://127.0.0.1:${server.port}/oauth/token`, store);
      } finally {
        await store.destroy();
        await server.close();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    print(story);
    return EXIT.done;
  },
};

async function walk(endpoint: string, store: Store): Promise<string> {
  const own = (id: string): Promise<Granted> =>
    granted(endpoint, { grant_type: 'client_credentials', ...credentials(id) });
  const [shop, assistant, stranger] = [await own('shop'), await own('assistant'), await own('stranger')];
  const exchange = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    ...credentials('shop'),
    ...asToken('subject', shop),
    audience: 'https://stock.example',
  };
  const exchanged = await granted(endpoint, exchange);
  const delegated = await granted(endpoint, { ...exchange, ...asToken('actor', assistant) });
  const refused = await ask(endpoint, { ...exchange, ...asToken('actor', stranger) });
  const row = await findAuditRow(store, refused.requestId);
  const { reason, mismatches }: Partial<AuditEvent> = row === undefined ? {} : eventOf(row);
  if (refused.status !== 400 || reason === undefined) throw new Error(`not refused: status ${refused.status}`);
  return [
    show('The shop has a token. Its claims:', claimsOf(shop)),
    show('1. Exchange: the shop gets a token for the stock service only. The answer:', shorten(exchanged)),
    show('   The claims of the new token:', claimsOf(exchanged)),
    show(
      '2. Delegation: with the assistant’s token as actor_token, `act` names the actor that acts for `sub`:',
      claimsOf(delegated),
    ),
    show('3. Refusal: a stranger may not act for the shop. The answer:', refused.body),
    show('   The audit row:', { reason, meaning: reasons[reason].meaning, mismatches }),
  ].join('\n\n');
}

const credentials = (id: string): Form => ({ client_id: id, client_secret: 'demo' });

const asToken = (role: 'subject' | 'actor', token: Granted): Form => ({
  [`${role}_token`]: token.access_token,
  [`${role}_token_type`]: tokenTypeUri('access_token'),
});

async function ask(endpoint: string, form: Form): Promise<Asked> {
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) });
  const body = parseJsonObject((await readAnswerText(response)) ?? '') ?? {};
  return { status: response.status, requestId: response.headers.get('x-request-id') ?? '', body };
}

async function granted(endpoint: string, form: Form): Promise<Granted> {
  const { status, body } = await ask(endpoint, form);
  if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
  return { ...body, access_token: String(body.access_token) };
}

const shorten = (answer: Granted): Granted => ({ ...answer, access_token: `${answer.access_token.slice(0, 20)}...` });

const claimsOf = (answer: Granted): unknown =>
  parseJsonObject(String(decodeBase64url(answer.access_token.split('.')[1] ?? '')));

const show = (title: string, what: unknown): string => `${title}\n${JSON.stringify(what, null, 2)}`;
