// Valid assertions, and one for single use.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openStore } from '../../../../src/store/store.ts';
import { sweep } from '../../../../src/store/sweep.ts';
import {
  claims,
  encrypt,
  idp,
  presentSaml,
  signedFor,
  tokenEndpoint,
  versions,
  withAttributes,
} from '../../../support/saml-exchange.ts';
import { all, at, confirmation2, element, encode, sign } from '../../../support/saml-signer.ts';
import type { Case } from '../../group.ts';
import { materialFor, other, ours, type SamlWorld } from './material.ts';

export const control: Case<SamlWorld> = async (world, { attempt, twin }) => {
  const { server } = world;
  for (const version of versions) {
    const { make, signed, original } = materialFor(world, version);
    await twin(presentSaml(server, version, encode(signed)));
    const good = {
      'an XML declaration': `<?xml version="1.0" encoding="UTF-8"?>\n${signed}`,
      'valid from half a minute ahead': make({ window: { NotBefore: at(30) } }),
      'valid until half a minute ago': make({ window: { NotOnOrAfter: at(-29) } }),
      'a name in other letters': make({ nameId: 'ådåÿ~?>' }),
      'advice that is not read': make({
        more: { xml: '<saml:Advice><x:Note xmlns:x="urn:x">not read</x:Note></saml:Advice>' },
      }),
    };
    const good2 = {
      encrypted: encrypt(sign(original, idp.key), ours.publicKey),
      'a condition on proxies': make({ moreConditions: element('saml:ProxyRestriction', { Count: '0' }) }),
      'in response to something': make({ data: { InResponseTo: '_request', Address: '192.0.2.1' } }),
    };
    for (const [what, xml] of Object.entries({ ...good, ...(version === 'saml2' && good2) }))
      await attempt(`${version}: ${what}`, presentSaml(server, version, encode(xml)));
    const padded = [signed, `${signed} `, `${signed}  `].map(encode).find((one) => one.length % 4 === 2);
    await attempt(`${version}: padded`, presentSaml(server, version, `${padded}==`));
    // Verified, but no rule matches: the signature alone distinguishes the two providers.
    const theirs = await presentSaml(server, version, signedFor(server, version, {}, { by: other }));
    assert.equal(server.audit(theirs)?.reason, 'no_rule_for_subject');
  }
};

/** An attribute `role` in an arbitrary name format is not read by any mapping or condition. */
export const selfAsserted: Case<SamlWorld> = async ({ server }, { attempt, twin }) => {
  const usual = {
    saml2: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    saml1: 'urn:mace:shibboleth:1.0:attributeNamespace:uri',
  };
  for (const version of versions) {
    const role = (format: string) => {
      const is = withAttributes(version, [['role', 'admin']]).attributes?.xml ?? '';
      const xml =
        version === 'saml2' ? is.replace('Name="role"', `$& NameFormat="${format}"`) : is.replace(usual.saml1, format);
      return signedFor(server, version, { attributes: { xml } });
    };
    assert.equal(claims(await twin(presentSaml(server, version, role(usual[version])))).role, 'admin');
    for (const format of ['urn:self-asserted', `${usual[version]}/`, usual[version].toUpperCase()])
      assert.equal(
        claims(await attempt(`${version}, ${format}`, presentSaml(server, version, role(format)))).role,
        undefined,
      );
  }
};

export const twoConfirmations: Case<SamlWorld> = async ({ server }, { attempt, twin, after }) => {
  const data = { Recipient: tokenEndpoint(server) };
  const make = (): string =>
    signedFor(server, 'saml2', {
      confirmation: all(
        confirmation2({ ...data, NotOnOrAfter: at(60) }),
        confirmation2({ ...data, NotOnOrAfter: at(9000) }),
      ),
      window: { NotOnOrAfter: at(9000) },
      moreConditions: element('saml:OneTimeUse'),
    });
  const token = make();
  await twin(presentSaml(server, 'saml2', token));
  await attempt('at once', presentSaml(server, 'saml2', token));
  const { now } = server.clock;
  after(() => {
    server.clock.now = now;
  });
  // After the shorter confirmation and all leeways, when expired ids are deleted.
  server.clock.now += 4_000_000;
  const store = await openStore({ kind: 'sqlite', file: join(server.folder, 'cambio.db') }, 'write', server.clock.now);
  after(() => store.destroy());
  await sweep(store, server.clock.now);
  await attempt('when the shorter one has ended', presentSaml(server, 'saml2', token));
  await twin(presentSaml(server, 'saml2', make()));
};
