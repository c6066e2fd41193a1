// A server that issues grants for a vendor, and what `web` got when ada signed in.
import { changed, entries } from '../../../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import { across, CRM, jag, PLAIN, present, signIn, VENDOR } from '../../../support/other-servers.ts';
import type { Undo } from '../../group.ts';

export type Kind = 'id_token' | 'access_token' | 'refresh_token';

export interface World {
  readonly server: TestServer;
  readonly tokens: Readonly<Record<Kind, string>>;
  /** Asks for an ID-JAG with ada's ID token. */
  readonly ask: (form?: Form, headers?: Record<string, string>) => Promise<Answer>;
  /** Asks for a grant of identity chaining with ada's access token. */
  readonly chain: (form?: Form) => Promise<Answer>;
  /** Ada's ID token with other claims. */
  readonly idToken: (claims: Record<string, unknown>) => string;
}

/** The vendor names `web`, `agent` and `open`; every client may exchange every token. */
export const wide = changed(across({ clients: { web: 'w', agent: 'a', open: 'o' } }), {
  rules: entries([
    {
      name: 'ID-JAGs',
      client: ['web', 'agent', 'open', 'machine'],
      subject: { issuer: 'self', clients: ['web', 'machine'], types: ['id_token', 'refresh_token', 'access_token'] },
      grant: { audiences: [VENDOR], scopes: { openid: ['crm.read', 'files.read'] }, types: ['id_jag'] },
    },
    {
      name: 'chaining',
      client: ['web', 'agent', 'open'],
      subject: { issuer: 'self', clients: ['web'], types: ['access_token'] },
      grant: { audiences: [PLAIN, CRM], scopes: ['read'], types: ['jwt'] },
    },
    {
      name: 'ours',
      client: ['web', 'agent'],
      subject: { issuer: 'self', clients: ['web'], types: ['access_token'] },
      grant: { audiences: ['https://api.example'], scopes: ['read'], types: ['access_token', 'jwt', 'refresh_token'] },
    },
  ]),
});

export async function open(undo: Undo, configuration = wide): Promise<World> {
  const server = await start(undo, configuration);
  const { body } = await signIn(server, { scope: 'openid email read offline_access', prompt: 'consent' });
  const tokens = body as World['tokens'];
  return {
    server,
    tokens,
    ask: (form, headers) => present(server, tokens.id_token, 'id_token', { ...jag, ...form }, headers),
    chain: (form) =>
      present(server, tokens.access_token, 'access_token', { requested_token_type: type('jwt'), ...form }),
    idToken: (claims) => server.forge({ ...claimsOf(tokens.id_token), ...claims }, { typ: 'JWT' }),
  };
}
