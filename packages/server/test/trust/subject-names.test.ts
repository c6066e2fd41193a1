// The name of an upstream person is theirs alone: another entry with the same id does not get it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clients } from '../../src/model/client.ts';
import { indexSubjectNames } from '../../src/trust/subject-names.ts';

const NO_GRANTS = { id_jag: undefined, chaining_grant: undefined, workload: undefined };

test('does not give the name of an upstream person to a NameID of a SAML entry with the same id', () => {
  const iss = 'https://idp.example/realms/x';
  const { otherOwner } = indexSubjectNames({
    clients: new Map() as unknown as Clients,
    accounts: [],
    upstream: { issuer: iss, name: 'corp' },
    issuers: [
      { name: 'corp-saml', entityId: iss },
      { name: 'corp', issuer: iss, grants: NO_GRANTS },
    ],
  });
  const principal = { iss, sub: 'ada' };
  assert.equal(otherOwner('corp:ada', { name: 'corp-saml', principal }), 'a person of upstream');
  assert.equal(otherOwner('corp:ada', { name: 'corp', principal }), undefined, 'the OpenID entry of the same provider');
  assert.equal(otherOwner('corp-saml:ada', { name: 'corp-saml', principal }), undefined);
});
