// Rules that deny, and maps of scopes: every way around them.
import assert from 'node:assert/strict';
import { act } from '../../../support/actors.ts';
import { admin, withOperators } from '../../../support/admin-api.ts';
import { API, acting, BACKEND, exchange, forgedToken, gateway, subjectToken } from '../../../support/basics.ts';
import { createBrowser } from '../../../support/browser.ts';
import { added, type Configuration, changed, edited } from '../../../support/configuration.ts';
import { type Answer, EXCHANGE, encode, type Form, start, type TestServer, type } from '../../../support/harness.ts';
import { entry, startIssuer, trusting } from '../../../support/issuer.ts';
import { BESIDE, life, refresh, refreshTokenOf } from '../../../support/life.ts';
import {
  authorizationUrl,
  authorizeAs,
  DEVICE,
  goThrough,
  configuration as people,
  redeem,
  startPeople,
  tv,
} from '../../../support/people.ts';
import type { Cases, Trial } from '../../group.ts';
import { as, because, foreign, type World } from './world.ts';

const denying = (...denials: readonly Configuration[]): Configuration => life([BESIDE, ...denials]);

/** Every way to name the API, or to get it without naming it. */
const spellings: Readonly<Record<string, Form>> = {
  omitted: {},
  'by audience': { audience: API },
  'with a slash': { audience: `${API}/` },
  'in capitals': { audience: API.toUpperCase() },
  'by resource': { resource: `${API}/v1` },
  'below the resource': { resource: `${API}/v1/x?y` },
  'twice, differently': { audience: API, resource: `${API}/v1` },
  'among others': { audience: [BACKEND, API] },
  'among others, by resource': { audience: BACKEND, resource: `${API}/v1` },
};

const CRM = 'https://crm.example';
/** Each API has its own names. At one API, the map would climb. */
const mapped: Configuration = changed(
  life([
    {
      name: 'mapped',
      client: 'gateway',
      subject: { issuer: 'self', clients: ['gateway'], types: ['access_token', 'refresh_token'] },
      grant: {
        audiences: [API, CRM],
        scopes: { read: ['read', 'write'], write: ['admin', 'crm.read'] },
        types: ['access_token', 'refresh_token'],
        refreshToken: true,
      },
    },
  ]),
  {
    resources: added({ audience: CRM, scopes: ['crm.read', 'write', 'admin'] }),
    clients: edited('gateway', { scopes: ['read', 'write', 'admin', 'crm.read'] }),
  },
);

export const denials = {
  P33: async (_world, { attempt, twin, after }) => {
    const open = await start({ after }, life());
    const token = await refreshTokenOf(open, { audience: [API, BACKEND] });
    await open.close();
    for (const denial of [
      { name: 'by its list', effect: 'deny', audiences: [API] },
      { name: 'by a condition', effect: 'deny', when: `"${API}" in targets` },
      { name: 'by an older name', effect: 'deny', when: `request.audiences.exists(one, one == "${API}")` },
    ]) {
      const server = await start({ after }, denying(denial), { folder: open.folder });
      const subject_token = await subjectToken(server);
      for (const [what, form] of Object.entries(spellings)) {
        const answer = await attempt(`${denial.name}, ${what}`, exchange(server, { subject_token, ...form }));
        because(server, answer, 'denied_by_rule', what);
        const again = await attempt(`${denial.name}, ${what}, at a refresh`, refresh(server, token, form));
        because(server, again, 'refresh_token_denied_by_rule', what);
      }
      await twin(exchange(server, { subject_token, audience: BACKEND }));
      await twin(refresh(server, token, { audience: BACKEND }));
      await server.close();
    }
    const server = await start({ after }, denying({ name: 'no writing', effect: 'deny', when: '"write" in scope' }));
    const subject_token = await subjectToken(server);
    await attempt('a scope that is not asked for, and given', exchange(server, { subject_token }));
    await attempt('in another order', exchange(server, { subject_token, scope: 'write read' }));
    await twin(exchange(server, { subject_token, scope: 'read' }));
  },

  P34: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, denying({ name: 'no agent', effect: 'deny', actor: { clients: ['agent'] } }));
    const subject_token = await forgedToken(server, { sub: 'gateway' });
    const behind = await forgedToken(server, { act: act('agent') });
    const farBehind = await forgedToken(server, { act: act('other', 'plain', 'agent') });
    const tries: Readonly<Record<string, Form>> = {
      'as the actor': { subject_token, ...(await acting(server)) },
      'one hop before, without an actor': { subject_token: behind },
      'three hops before': { subject_token: farBehind },
      'for another client': { subject_token: behind, ...as('other') },
      'as another type': { subject_token: behind, subject_token_type: type('jwt') },
      'for another type': { subject_token: behind, requested_token_type: type('jwt') },
      'for a refresh token': { subject_token: behind, requested_token_type: type('refresh_token') },
      'at another target': { subject_token: behind, audience: BACKEND },
    };
    for (const [what, form] of Object.entries(tries))
      because(server, await attempt(what, exchange(server, form)), 'denied_by_rule', what);
    await twin(exchange(server, { subject_token: await forgedToken(server, { act: act('other') }) }));
    await twin(exchange(server, { subject_token }));
    await behindTheActor({ attempt, twin, after });
  },

  P35: async (_world, { attempt, twin, after }) => {
    const idp = await startIssuer({ after });
    const rule = (more: string): string => `{ client: gateway, subject: { issuer: idp }, ${more} }`;
    const allow = rule(`grant: { audiences: [${API}], scopes: [read] }`);
    for (const condition of [
      'subject.claims.kind == "contractor"',
      'subject.claims.kind in ["contractor"]',
      '!(subject.claims.kind != "contractor")',
      'subject.claims.kind == "contractor" || false',
    ]) {
      const deny = rule(`name: no contractors, effect: deny, when: '${condition}'`);
      const server = await start({ after }, trusting([entry(idp)], [allow, deny]));
      for (const claims of [
        { kind: 'contractor' },
        { kind: undefined },
        { kind: null },
        { kind: ['contractor'] },
        { kind: { name: 'contractor' } },
        { kind: 7 },
        { Kind: 'employee' },
        { _claim_names: { kind: 's' }, _claim_sources: { s: { endpoint: 'https://claims.example' } } },
      ])
        await attempt(`${condition}: ${JSON.stringify(claims)}`, exchange(server, foreign(idp.sign(claims))));
      await twin(exchange(server, foreign(idp.sign({ kind: 'employee' }))));
      await server.close();
    }
  },

  P36: async (_world, { attempt, twin, after }) => {
    const denial = { name: 'no ada', effect: 'deny', when: 'subject.sub == "ada"' };
    const server = await startPeople(
      { after },
      changed(withOperators(people), {
        rules: added(denial, {
          name: 'reports',
          client: 'reports',
          subject: { issuer: 'self', clients: ['web', 'tv'], types: ['access_token', 'id_token', 'refresh_token'] },
          grant: { audiences: [API], scopes: ['read'] },
        }),
      }),
    );
    const registered = await admin(server, 'POST /clients', {
      body: { id: 'reports', auth: 'client_secret_post', grants: ['token_exchange'] },
    });
    const reports = { client_id: 'reports', client_secret: String(registered.body.secret) };
    const present = (who: Form, kind: string, token: unknown, form: Form = {}): Promise<Answer> =>
      server.token({
        grant_type: EXCHANGE,
        ...who,
        subject_token: String(token),
        subject_token_type: type(kind),
        ...form,
      });
    const own = await redeem(server, await authorizeAs(server, { scope: 'openid read offline_access' }));
    const ofDevice = await deviceTokens(server);
    for (const kind of ['access_token', 'id_token', 'refresh_token']) {
      await attempt(`${kind} by a client registered at run time`, present(reports, kind, own.body[kind]));
      await attempt(`${kind} of a device`, present(reports, kind, ofDevice.body[kind]));
    }
    const actor = await server.token({ grant_type: 'client_credentials', ...as('agent') });
    const asActor: Form = { actor_token: String(actor.body.access_token), actor_token_type: type('access_token') };
    await attempt('with an actor', present(as('agent'), 'access_token', own.body.access_token, asActor));
    const browser = createBrowser(server.issuer);
    const page = await goThrough(browser, await browser.get(authorizationUrl()), {
      username: 'bob',
      password: 'builder',
    });
    const redeemed = await redeem(server, page.leftTo ?? new URL(server.issuer));
    await twin(present(reports, 'access_token', redeemed.body.access_token));
  },

  P37: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, mapped);
    const reads = await subjectToken(server, { audience: API, scope: 'read' });
    const climb = (form: Form, subject_token = reads): Promise<Answer> =>
      exchange(server, { subject_token, audience: API, ...form });
    await attempt('at the API that the token is for', climb({ scope: 'write' }));
    await attempt('by resource', climb({ audience: undefined, resource: `${API}/v1`, scope: 'write' }));
    await attempt('by default', climb({ audience: undefined, scope: 'write' }));
    await attempt('among others', climb({ audience: [CRM, API], scope: 'write' }));
    await attempt('two steps at once', climb({ scope: 'admin' }));
    await attempt('a name that the map does not give', climb({ audience: CRM, scope: 'crm.read' }));
    const first = await twin(climb({ scope: 'read' }));
    assert.equal(first.body.scope, 'read');
    await attempt('again, with what it gave', climb({ scope: 'write' }, String(first.body.access_token)));
    await attempt(
      'again, at a refresh',
      server.token({
        grant_type: 'refresh_token',
        ...gateway,
        refresh_token: String(first.body.refresh_token),
        scope: 'write',
      }),
    );
    await attempt(
      'again, with the refresh token',
      climb({ subject_token_type: type('refresh_token'), scope: 'write' }, String(first.body.refresh_token)),
    );
    const other = await twin(climb({ audience: CRM, scope: 'write' }));
    assert.equal(other.body.scope, 'write', 'at another API, the map renames');
  },
} satisfies Cases<World>;

/** The actors of the actor token are not in `act` of the new token. */
async function behindTheActor({ attempt, twin, after }: Trial): Promise<void> {
  const delegated = changed(BESIDE, { actor: { delegated: 'allow' } });
  const hidden = async (server: TestServer, ...actors: readonly string[]): Promise<Form> => ({
    subject_token: await subjectToken(server),
    ...(await acting(server, { act: act(...actors) })),
  });
  const open = await start({ after }, life([delegated]));
  const token = await refreshTokenOf(open, await hidden(open, 'other'));
  const allowed = await refreshTokenOf(open, await hidden(open, 'plain'));
  await open.close();
  for (const denial of [
    { name: 'by its client', effect: 'deny', actor: { clients: ['other'] } },
    { name: 'by a condition', effect: 'deny', when: 'chain.exists(one, one.sub == "other")' },
  ]) {
    const server = await start({ after }, life([delegated, denial]), { folder: open.folder });
    for (const actors of [['other'], ['plain', 'other']]) {
      const what = `behind the actor, ${actors.length} hops, ${denial.name}`;
      because(server, await attempt(what, exchange(server, await hidden(server, ...actors))), 'denied_by_rule', what);
    }
    const again = await attempt(`behind the actor, at a refresh, ${denial.name}`, refresh(server, token));
    because(server, again, 'refresh_token_denied_by_rule');
    await twin(exchange(server, await hidden(server, 'plain')));
    await twin(exchange(server, { ...(await hidden(server)), subject_token: await subjectToken(server) }));
    await server.close();
  }
  const server = await start({ after }, life([delegated]), { folder: open.folder });
  await twin(refresh(server, allowed));
}

/** Tokens of ada, on a device. */
async function deviceTokens(server: TestServer): Promise<Answer> {
  const browser = createBrowser(server.issuer);
  const device = await server.post(
    '/oauth/device_authorization',
    encode({ ...tv, scope: 'openid read offline_access' }),
  );
  const linked = await browser.get(String(device.body.verification_uri_complete));
  const compare = await browser.submit(linked, { user_code: String(device.body.user_code) });
  await goThrough(browser, await browser.submit(compare, { confirm: 'yes' }));
  server.clock.now += 5000;
  return server.token({ grant_type: DEVICE, ...tv, device_code: String(device.body.device_code) });
}
