// F24: something for single use is sent sixteen times at once to two nodes: a code, a client assertion, a token and a SAML assertion
// of an issuer with `reuse: never`. Exactly one request gets 200.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBrowser, formOf } from '../../support/browser.ts';
import { asserting, assertion, jwksOf } from '../../support/client-credentials.ts';
import { type Form, type } from '../../support/harness.ts';
import { newKey } from '../../support/issuer.ts';
import { authorizationUrl, VERIFIER } from '../../support/people.ts';
import { validAt } from '../../support/saml-exchange.ts';
import { assertion2, encode, identityProvider, sign } from '../../support/saml-signer.ts';
import { API, CALLBACK, exchangeForm, gateway, LOGIN, singleUseForm } from '../cast.ts';
import { openFolder } from '../cluster.ts';
import type { Bench, Fault } from '../fault.ts';
import { accessTokenIn, type Kind, type Told } from '../ledger.ts';
import { isUnsure, RACERS, type Race, race } from './race.ts';

/** @returns the answer of the first; undefined if the round must be repeated */
async function raceOnce({ caller, nodes, run, blame }: Race, kind: Kind, form: Form): Promise<Told | undefined> {
  const told = await run(kind, form);
  const good = told.filter((one) => one?.status === 200);
  if (good.length > 1) blame('I5', `${kind}: ${good.length} of ${RACERS} were accepted`);
  if (good.length === 0 && !isUnsure(told)) blame('I5', `${kind}: none of ${RACERS} was accepted`);
  if (good.length === 0) return undefined;
  const again = await Promise.all(nodes.map((node) => caller.ask(kind, node, form, 'dead')));
  return isUnsure(again) ? undefined : good[0];
}

/** Undefined if a page did not come: the browser cannot be used any more. */
type NextCode = () => Promise<string | undefined>;

/** A browser in which a person is signed in, or will be at the first code. */
function openBrowser(url: string): NextCode {
  const browser = createBrowser(url);
  const asked = authorizationUrl({ client_id: gateway.client_id, redirect_uri: CALLBACK, scope: 'read' });
  return async () => {
    let page = await browser.get(asked);
    for (let step = 0; step < 12 && page.status < 400; step++) {
      const { leftTo } = page;
      if (leftTo === undefined) {
        const { action, hidden } = formOf(page);
        page = await browser.post(action, { ...hidden, username: 'ada', password: 'lovelace', agree: 'yes' });
      } else if (leftTo.href.startsWith(CALLBACK)) {
        return leftTo.searchParams.get('code') ?? undefined;
      } else {
        // Our own redirect URI, at which no server listens.
        page = await browser.get(leftTo.pathname + leftTo.search);
      }
    }
    return undefined;
  };
}

function raceCodes(bench: Bench) {
  const free: NextCode[] = [];
  const accounts = ['{ username: ada, password: { plain: lovelace } }'];
  const round = async (racing: Race, number: number): Promise<boolean> => {
    const { caller, nodes, isDead } = racing;
    const nextCode = free.pop() ?? openBrowser(nodes[number % 2 ? 0 : 1].url);
    const codes = [await nextCode(), number % 10 ? undefined : await nextCode()];
    if (codes[0] === undefined) return false;
    free.push(nextCode);
    const [form, alone] = codes.map(
      (code): Form => ({
        grant_type: 'authorization_code',
        ...gateway,
        code,
        redirect_uri: CALLBACK,
        code_verifier: VERIFIER,
      }),
    );
    const first = await raceOnce(racing, 'code', form ?? {});
    // Any of them may be the thief, so the tokens of the code are revoked (RFC 6749 section 4.1.2). Others stay valid.
    if (first === undefined) return false;
    await isDead(accessTokenIn(first) ?? '');
    if (alone?.code === undefined) return true;
    const got = accessTokenIn(await caller.ask('code', nodes[0], alone));
    if (got !== undefined) await caller.ask('exchange', nodes[1], exchangeForm(got));
    return true;
  };
  return race(bench, bench.times(1000, 10), round, { accounts });
}

function raceClientAssertions(bench: Bench) {
  const key = newKey();
  const rounds = bench.times(1000, 5);
  // A new client for each round: a client must wait after twenty failures a minute.
  const clients = Array.from(
    { length: rounds },
    (_, number) =>
      `{ id: batch-${number}, auth: private_key_jwt, ${jwksOf(key)}, grants: [client_credentials], audiences: [${API}], scopes: [read] }`,
  );
  const round = async (racing: Race, number: number): Promise<boolean> => {
    const id = `batch-${number}`;
    const signed = assertion({ issuer: LOGIN, clock: { now: Date.now() } }, key, { iss: id, sub: id });
    const form = { grant_type: 'client_credentials', ...asserting(signed) };
    return (await raceOnce(racing, 'assertion', form)) !== undefined;
  };
  return race(bench, rounds, round, { clients });
}

const raceTokens = (bench: Bench) =>
  race(
    bench,
    bench.times(1000, 5),
    async (racing) => (await raceOnce(racing, 'single-use', singleUseForm())) !== undefined,
  );

function raceSamlAssertions(bench: Bench) {
  const now = Math.floor(Date.now() / 1000);
  const idp = identityProvider(undefined, undefined, { from: now - 86_400, to: now + 86_400 });
  const file = join(openFolder(bench), 'idp.pem');
  writeFileSync(file, idp.certificate.toString());
  const issuers = [
    `{ saml: ${idp.entityId}, name: saml, accepts: [saml2], audiences: [${LOGIN}], certificates: [${file}], reuse: never }`,
  ];
  const round = async (racing: Race): Promise<boolean> => {
    const is = validAt(Date.now() / 1000);
    const xml = assertion2(idp, {
      ...is,
      id: `_${randomUUID()}`,
      data: { Recipient: `${LOGIN}/oauth/token`, ...is.data },
    });
    const subject = encode(sign(xml, idp.key));
    const form = { ...exchangeForm(subject), subject_token_type: type('saml2') };
    return (await raceOnce(racing, 'single-use', form)) !== undefined;
  };
  return race(bench, bench.times(1000, 5), round, { issuers });
}

export const onceRaces: readonly Fault[] = [
  { id: 'F24c', title: `one code ${RACERS} times at once, on two nodes`, run: raceCodes },
  { id: 'F24a', title: `one client assertion ${RACERS} times at once, on two nodes`, run: raceClientAssertions },
  { id: 'F24j', title: `one single-use token ${RACERS} times at once, on two nodes`, run: raceTokens },
  { id: 'F24s', title: `one single-use SAML assertion ${RACERS} times at once, on two nodes`, run: raceSamlAssertions },
];
