// The conditions of a genuine assertion: time, audience and recipient.
import assert from 'node:assert/strict';
import { PORTAL, presentSaml, tokenEndpoint, type Version, versions } from '../../../support/saml-exchange.ts';
import {
  AUDIENCE,
  all,
  at,
  audienceRestriction,
  confirmation1,
  confirmation2,
  element,
  encode,
  type Xml,
} from '../../../support/saml-signer.ts';
import type { Case } from '../../group.ts';
import { materialFor, only, refused, type SamlWorld } from './material.ts';

/** An AudienceRestriction of either version. */
export const restrictionOf = (version: Version, ...audiences: readonly string[]): Xml =>
  version === 'saml2'
    ? audienceRestriction(...audiences)
    : element('saml:AudienceRestrictionCondition', {}, ...audiences.map((one) => element('saml:Audience', {}, one)));

const both =
  (one: Case<SamlWorld>, other: Case<SamlWorld>): Case<SamlWorld> =>
  async (world, trial) => {
    await one(world, trial);
    await other(world, trial);
  };

const onceOnly: Case<SamlWorld> = async (world, { attempt, twin }) => {
  for (const version of versions) {
    const condition = element(version === 'saml2' ? 'saml:OneTimeUse' : 'saml:DoNotCacheCondition');
    const token = encode(materialFor(world, version).make({ moreConditions: condition }));
    await twin(presentSaml(world.server, version, token));
    const again = await attempt(`${version}, the second time`, presentSaml(world.server, version, token));
    assert.equal(world.server.audit(again)?.reason, 'subject_token_replayed');
  }
};

const amongOthers: Case<SamlWorld> = async (world, { twin }) => {
  for (const version of versions) {
    const { make } = materialFor(world, version);
    const restriction = restrictionOf(version, 'https://app.example', AUDIENCE);
    for (const restrictions of [restriction, all(restriction, restriction)])
      await twin(presentSaml(world.server, version, encode(make({ restrictions }))));
  }
};

export const conditions: Readonly<Record<string, Case<SamlWorld>>> = {
  S35: both(
    refused(/^(malformed|claims|expired|not_yet_valid)$/, (material) => [
      material.make({ conditions: null }),
      material.make({ window: { NotOnOrAfter: undefined } }),
      material.make({ window: { NotBefore: at(-900), NotOnOrAfter: at(-31) } }),
      material.make({ window: { NotBefore: at(-900), NotOnOrAfter: at(-30) } }),
      material.make({ window: { NotBefore: at(31) } }),
      material.make({ root: { IssueInstant: at(31) } }),
      material.make({ moreConditions: { xml: '<saml:Condition></saml:Condition>' } }),
      ...only('saml2', material, () => [material.make({ authnAttributes: { SessionNotOnOrAfter: at(-31) } })]),
    ]),
    onceOnly,
  ),
  S36: both(
    refused(/^(audience|claims)$/, (material) => {
      const restriction = (...audiences: readonly string[]) => restrictionOf(material.version, ...audiences);
      return [
        material.make({ restrictions: { xml: '' } }),
        material.make({ restrictions: restriction() }),
        material.make({ restrictions: restriction('https://app.example') }),
        material.make({ restrictions: restriction(`${AUDIENCE}/`) }),
        material.make({ restrictions: restriction(AUDIENCE.toUpperCase()) }),
        material.make({ restrictions: all(restriction(AUDIENCE), restriction('https://app.example')) }),
        // Issued for one client, presented by another.
        material.make({ audience: PORTAL.entityId, data: { Recipient: PORTAL.acs } }),
      ];
    }),
    amongOthers,
  ),
  S37: refused(/^(audience|claims|expired)$/, (material) => [
    ...only('saml2', material, () => {
      const data = { Recipient: tokenEndpoint(material.server) };
      return [
        ...['holder-of-key', 'sender-vouches'].map((method) =>
          material.make({ confirmation: confirmation2(data, `urn:oasis:names:tc:SAML:2.0:cm:${method}`) }),
        ),
        material.make({ confirmation: null }),
        material.make({ data: { Recipient: undefined } }),
        material.make({ data: { Recipient: `${data.Recipient}/` } }),
        material.make({ data: { Recipient: 'https://login.example/oauth/token' } }),
        material.make({ data: { Recipient: PORTAL.acs } }),
        material.make({ data: { NotOnOrAfter: undefined } }),
        material.make({ data: { NotOnOrAfter: at(-30) } }),
      ];
    }),
    ...only('saml1', material, () => [
      material.make({ confirmation: confirmation1('urn:oasis:names:tc:SAML:1.0:cm:holder-of-key') }),
      material.make({ confirmation: confirmation1('urn:oasis:names:tc:SAML:1.0:cm:artifact-01') }),
      material.make({ confirmation: null }),
    ]),
  ]),
};
