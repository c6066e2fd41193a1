// Registrations that must not be taken, and ids that nobody registered.
import assert from 'node:assert/strict';
import { API } from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import { everythingIn } from '../../../support/harness.ts';
import { configuration, startPeople } from '../../../support/people.ts';
import type { Cases } from '../../group.ts';
import { askAt, RETURN, type World } from './world.ts';

const TOKEN = 'initial-access-token';
const section = { initialAccessToken: { plain: TOKEN }, audiences: [API], scopes: ['read'], lifetime: '1h' };

export const registrations = {
  M08: async ({ elsewhere }, { attempt, twin, after }) => {
    const server = await startPeople({ after }, changed(configuration, { registration: section }));
    const send = (metadata: object, authorization?: string) =>
      server.post('/oauth/register', JSON.stringify({ redirect_uris: [RETURN], ...metadata }), {
        'content-type': 'application/json',
        ...(authorization !== undefined && { authorization }),
      });
    await attempt('without a token', send({}));
    await attempt('another token', send({}, `Bearer ${TOKEN}x`));
    await attempt('as a password', send({}, `Basic ${btoa(`x:${TOKEN}`)}`));
    const bearer = `Bearer ${TOKEN}`;
    await attempt('keys elsewhere', send({ jwks_uri: `${elsewhere.url}/jwks` }, bearer));
    await attempt('a certificate', send({ token_endpoint_auth_method: 'tls_client_auth' }, bearer));
    await attempt('a script', send({ redirect_uris: ['javascript:alert(1)'] }, bearer));
    await attempt('plain http', send({ redirect_uris: ['http://app.example/callback'] }, bearer));
    await attempt('another grant', send({ grant_types: ['client_credentials'] }, bearer));
    assert.equal(elsewhere.seen.length, 0);
    assert.deepEqual(everythingIn(server).sign_in_artifacts, []);
    await twin(send({}, bearer));
  },

  M09: async (_world, { attempt, twin, after }) => {
    const server = await startPeople({ after }, changed(configuration, { registration: section }));
    const answer = await server.post('/oauth/register', JSON.stringify({ redirect_uris: [RETURN] }), {
      'content-type': 'application/json',
      authorization: `Bearer ${TOKEN}`,
    });
    const id = String(answer.body.client_id);
    const [, end = '', random = '', seal = ''] = /^cambio_client_(\w+)\.([\w-]+)\.([\w-]+)$/.exec(id) ?? [];
    await attempt('a later end', askAt(server, `cambio_client_${end.replace(/.$/, 'z')}z.${random}.${seal}`));
    await attempt('another name', askAt(server, `cambio_client_${end}.${'A'.repeat(43)}.${seal}`));
    await attempt('no seal', askAt(server, `cambio_client_${end}.${random}.`));
    await attempt('in other letters', askAt(server, id.toUpperCase()));
    await twin(askAt(server, id));
    server.clock.now += 3_601_000;
    await attempt('after its end', askAt(server, id));
  },
} satisfies Cases<World>;
