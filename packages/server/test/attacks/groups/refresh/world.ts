// The servers of the attacks on refresh tokens.
import assert from 'node:assert/strict';
import { API } from '../../../support/basics.ts';
import { added, changed } from '../../../support/configuration.ts';
import { type Answer, start, type TestServer } from '../../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer } from '../../../support/issuer.ts';
import { BESIDE, introspect, life } from '../../../support/life.ts';
import type { Undo } from '../../group.ts';

export const GRACE = 10_000;
export const HOUR = 3_600_000;
export const SIGNED = 'application/token-introspection+jwt';
/** A public client: it proves only its key. */
export const APP = { client_id: 'app' };

export interface World {
  readonly server: TestServer;
  /** Another node on the same database. */
  readonly second: TestServer;
  readonly idp: FakeIssuer;
}

export async function open(undo: Undo): Promise<World> {
  const idp = await startIssuer(undo);
  const clients = ['gateway', 'other', 'plain', 'app'];
  const rule = changed(BESIDE, { client: clients, subject: { clients } });
  const foreign = `{ client: gateway, subject: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read], types: [access_token, refresh_token] } }`;
  const app = { id: 'app', auth: 'none', publicExchange: true, grants: ['token_exchange', 'refresh_token'] };
  const configuration = changed(life([rule, foreign], [entry(idp)]), { clients: added(app) });
  const server = await start(undo, configuration);
  return { idp, server, second: await start(undo, configuration, { folder: server.folder }) };
}

export const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, `${what} ${answer.text}`);

export const active = async (server: TestServer, token: unknown): Promise<unknown> =>
  (await introspect(server, token)).body.active;
