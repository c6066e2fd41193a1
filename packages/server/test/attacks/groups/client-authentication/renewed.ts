// Credentials that were valid until the file that holds them, or their authority, was renewed.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { type Answer, encode, read } from '../../../support/harness.ts';
import { type Identity, selfIssued } from '../../../support/tls-client.ts';
import type { Case } from '../../group.ts';
import { askDirectly, certificates, https, names, startRenewed, type World } from './world.ts';

const SECRETS = ['the former secret of a file', 'the renewed secret of a file'];

export const byRenewedFile: Case<World> = async (_world, { attempt, twin, after }) => {
  const next = await selfIssued({ name: 'CN=Next, O=Example', authority: true });
  const [former, renewed] = [certificates.good, await next.issue({ name: 'CN=batch, O=Example', names })];
  const { server, reload } = await startRenewed({ after }, { secret: SECRETS[0] ?? '' });
  const withSecret = (client_secret = '') => askDirectly(server, undefined, { client_id: 'filed', client_secret });
  const tls = { client_id: 'tls' };
  await twin(askDirectly(server, former, tls));
  await twin(withSecret(SECRETS[0]));
  const { session } = await askOn(server.issuer, former);
  const { reused } = await askOn(server.issuer, former, session);
  assert.ok(reused, 'the session of a connection can be resumed');
  writeFileSync(join(server.folder, 'ca.pem'), next.cert);
  writeFileSync(join(server.folder, 'secret'), SECRETS[1] ?? '');
  await reload();
  const reason = async (answer: Promise<Answer>) => server.audit(await answer)?.reason;
  const gone = askDirectly(server, former, tls);
  await attempt('a certificate of the former authority', gone);
  const resumed = askOn(server.issuer, former, session).then(({ answer }) => answer);
  await attempt('the same on a resumed session', resumed);
  assert.deepEqual([await reason(gone), await reason(resumed)], Array(2).fill('client_certificate_untrusted'));
  await attempt('the former secret', withSecret(SECRETS[0]));
  await twin(askDirectly(server, renewed, tls));
  await twin(withSecret(SECRETS[1]));
};

/** Sends a request on a connection of its own. @param session of an earlier connection */
const askOn = (issuer: string, { cert, key }: Identity, session?: Buffer) =>
  new Promise<{ answer: Answer; session: Buffer | undefined; reused: boolean }>((resolve, reject) => {
    const body = encode({ grant_type: 'client_credentials', client_id: 'tls' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    const options = { method: 'POST', headers, agent: false as const, ca: https.cert, cert, key, session };
    let given: Buffer | undefined;
    const sent = request(`${issuer}/oauth/token`, options, async (response) => {
      const reused = (response.socket as TLSSocket).isSessionReused();
      const pairs = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
      const answer = await read(
        new Response(await text(response), { status: response.statusCode ?? 0, headers: pairs }),
      );
      resolve({ answer, session: given, reused });
    });
    sent.on('socket', (socket) => {
      socket.on('session', (received: Buffer) => {
        given = received;
      });
    });
    sent.on('error', reject).end(body);
  });
