// A server that accepts documents of one host on loopback, and a host that publishes them.
import { API } from '../../../support/basics.ts';
import { createBrowser, type Page } from '../../../support/browser.ts';
import { changed } from '../../../support/configuration.ts';
import type { TestServer } from '../../../support/harness.ts';
import { type Claims, type FakeIssuer, json, startIssuer } from '../../../support/issuer.ts';
import { authorizationUrl, configuration, startPeople } from '../../../support/people.ts';
import type { Undo } from '../../group.ts';

export const RETURN = 'https://agent.example/callback';

export interface World {
  readonly server: TestServer;
  /** The host of documents that the server accepts. */
  readonly host: FakeIssuer;
  /** A host that the server must never ask. */
  readonly elsewhere: FakeIssuer;
  /** Publishes a document with changes. @returns its URL */
  readonly publish: (path: string, members?: Claims) => string;
  /** Asks for a sign-in to the client. */
  readonly ask: (id: string, redirectUri?: string) => Promise<Page>;
}

export const open = async (undo: Undo): Promise<World> => {
  const after: Undo['after'] = undo.after;
  const host = await startIssuer({ after });
  const elsewhere = await startIssuer({ after });
  const server = await startPeople(
    undo,
    changed(configuration, {
      clientDocuments: {
        domains: [new URL(host.url).host],
        allowPrivateNetwork: true,
        audiences: [API],
        scopes: ['read'],
      },
    }),
  );
  return {
    server,
    host,
    elsewhere,
    publish: (path, members = {}) => {
      const id = host.url + path;
      const document = {
        client_id: id,
        redirect_uris: [RETURN],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
        ...members,
      };
      host.instead.set(path, json(document));
      return id;
    },
    ask: (id, redirectUri) => askAt(server, id, redirectUri),
  };
};

export const askAt = (server: TestServer, id: string, redirectUri = RETURN): Promise<Page> =>
  createBrowser(server.issuer).get(
    authorizationUrl({ client_id: id, redirect_uri: redirectUri, scope: 'read', nonce: undefined }),
  );
