// Certificates of other clients, of unknown subjects, and of untrusted authorities.
import assert from 'node:assert/strict';
import { encode } from '../../../support/harness.ts';
import { answerOf, request } from '../../../support/wire.ts';
import type { Case } from '../../group.ts';
import { askDirectly, certificateHeader, certificates, gateway, startBehind, type World } from './world.ts';

/** The reasons of refusals, where it is not that the certificate is untrusted. */
const REASONS: Readonly<Record<string, string>> = {
  'of another subject': 'client_certificate_subject',
  'of a subject that only ends so': 'client_certificate_subject',
  'without names': 'client_certificate_subject',
  expired: 'client_certificate_expired',
};

export const byCertificate: Case<World> = async ({ server, elsewhere, direct, ask }, { attempt, twin }) => {
  const { good, ...bad } = certificates;
  const tls = { client_id: 'tls' };
  for (const [what, identity] of Object.entries(bad)) {
    const reason = REASONS[what] ?? 'client_certificate_untrusted';
    const own = await attempt(what, askDirectly(direct, identity, tls));
    const proxied = await attempt(`${what}, by the proxy`, ask(tls, certificateHeader(identity)));
    assert.deepEqual([direct.audit(own)?.reason, server.audit(proxied)?.reason], [reason, reason], what);
  }
  const { 'client-cert': value } = certificateHeader(good);
  for (const text of ['x', ':eA==:', `${value}, ${value}`, `${value}"`, `,${value}`, value.slice(1), '']) {
    await attempt(`unreadable, ${text.slice(0, 9)}`, ask(tls, { 'client-cert': text }));
  }
  await attempt('none', ask(tls));
  await attempt('none, over TLS', askDirectly(direct, undefined, tls));
  await attempt('of the client, for another', ask({ client_id: 'batch' }, certificateHeader(good)));
  const form = { grant_type: 'client_credentials', ...tls };
  const spoofed = { ...certificateHeader(good), 'x-forwarded-for': '192.0.2.1' };
  for (const [what, other, headers] of [
    ['a header that is not the proxy’s', elsewhere, certificateHeader(good)],
    ['with a proxy’s name on it', elsewhere, spoofed],
    ['where there is no proxy', direct, certificateHeader(good)],
  ] as const) {
    const answer = await attempt(what, other.token(form, headers));
    assert.equal(other.audit(answer)?.reason, 'client_certificate_missing', what);
  }
  await twin(ask(tls, certificateHeader(good)));
  await twin(askDirectly(direct, good, tls));
  await twin(elsewhere.token({ ...form, ...gateway }, { 'client-cert': 'x' }));
  assert.equal(server.audit(await ask(tls, certificateHeader(good)))?.clientAuthentication, 'tls_client_auth');
};

/** A header is accepted only if it holds exactly one certificate. */
export const byHeader: Case<World> = async (_world, { attempt, twin, after }) => {
  const [good, other] = [certificates.good, certificates['of another subject']];
  const body = encode({ grant_type: 'client_credentials', client_id: 'tls' });
  const ways: Readonly<Record<string, (pem: string, raw: Buffer) => string>> = {
    rfc9440: (_pem, raw) => `:${raw.toString('base64')}:`,
    der: (_pem, raw) => raw.toString('base64'),
    pem: (pem) => encodeURIComponent(pem),
    xfcc: (pem) => `Hash=00ff;Cert="${encodeURIComponent(pem)}"`,
  };
  for (const [format, write] of Object.entries(ways)) {
    const server = await startBehind({ after }, format);
    const ask = async (...values: readonly string[]) => {
      server.clock.now += 4000;
      const headers = ['Host: x', `Content-Length: ${body.length}`, ...values.map((value) => `Client-Cert: ${value}`)];
      return answerOf(await server.raw(request(headers, { body })));
    };
    const written = write(good.cert, good.x509.raw);
    const both = [good.x509.raw, other.x509.raw];
    await attempt(`${format}, then another's`, ask(write(`${good.cert}\n${other.cert}`, Buffer.concat(both))));
    await attempt(
      `${format}, after another's`,
      ask(write(`${other.cert}\n${good.cert}`, Buffer.concat(both.toReversed()))),
    );
    await attempt(
      `${format}, twice`,
      ask(write(`${good.cert}\n${good.cert}`, Buffer.concat([both[0] ?? Buffer.of(), both[0] ?? Buffer.of()]))),
    );
    await attempt(`${format}, and text`, ask(write(`${good.cert}\nx`, Buffer.concat([good.x509.raw, Buffer.of(0)]))));
    await attempt(`${format}, two headers`, ask(written, written));
    await twin(ask(written));
  }
};
