// Two regions, and messages that anybody could write who knows the issuer.
import { createMessages } from '../../../../src/regions/messages.ts';
import { configuration } from '../../../support/basics.ts';
import { changed, edited } from '../../../support/configuration.ts';
import type { Answer } from '../../../support/harness.ts';
import { ISSUER, type World as Regions, startWorld } from '../../../support/regions.ts';
import type { Undo } from '../../group.ts';

export interface World extends Regions {
  /** Writes messages as a region. */
  readonly as: (
    name: string,
    other?: { readonly issuer?: string; readonly secret?: string; readonly time?: number },
  ) => ReturnType<typeof createMessages>;
  /** Sends a request to eu. */
  readonly send: (request: unknown) => Promise<Answer>;
}

export async function open(undo: Undo): Promise<World> {
  const clients = edited('gateway', { grants: ['client_credentials', 'token_exchange'] });
  const world = await startWorld(undo, { configuration: changed(configuration, { clients }) });
  return {
    ...world,
    as: (name, { issuer = ISSUER, secret = world.secret, time = Date.now() } = {}) =>
      createMessages(issuer, { name, secrets: [secret], peers: [] }, () => time),
    send: (request) => world.eu.post('/regions', JSON.stringify({ request }), { 'content-type': 'application/json' }),
  };
}
