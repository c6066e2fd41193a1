// Assertions: a signed assertion with changed bytes.
import fc from 'fast-check';
import { idp, type Version, validAt, versions } from '../../support/saml-exchange.ts';
import { assertion1, assertion2, sign } from '../../support/saml-signer.ts';
import { type Bench, SAML, US } from '../bench.ts';
import { apply, edit, few, place } from '../edits.ts';
import { asking, assertAllowed, readClaims, UNREADABLE } from '../oracle.ts';
import { defineTarget } from '../target.ts';

const piece = fc.oneof(
  fc.constantFrom(
    '<',
    '>',
    '/',
    '"',
    '&',
    ' ',
    '\r',
    '\n',
    '\0',
    '&#13;',
    '&amp;',
    ']]>',
    '<!---->',
    '<?x?>',
    '<!DOCTYPE x [<!ENTITY e "x">]>',
    '&e;',
    '<![CDATA[ada]]>',
  ),
  fc.constantFrom(
    '<x/>',
    ' ID="_a1"',
    ' xmlns:saml="urn:x"',
    ' xmlns="urn:x"',
    ' xml:base="x"',
    'bob',
    '<saml:NameID>bob</saml:NameID>',
    '</saml:Subject>',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);

const input = fc.record({
  version: fc.constantFrom(...versions),
  declared: fc.option(fc.constantFrom(...versions), { freq: 8, nil: undefined }),
  role: fc.constantFrom('subject' as const, 'actor' as const),
  edits: few(edit(piece, 20), 2),
  bytes: few(fc.tuple(place, fc.nat(255)), 3),
  encoding: fc.oneof(
    { weight: 6, arbitrary: fc.constant('base64url' as const) },
    { weight: 1, arbitrary: fc.constantFrom('base64' as const, 'utf8' as const, 'hex' as const, 'utf16le' as const) },
  ),
});

/** Signing is slow: one assertion is reused while it is valid. */
const signed = new Map<Version, { readonly text: string; readonly until: number }>();

function assertionAt(version: Version, now: number): { readonly text: string; readonly until: number } {
  const kept = signed.get(version);
  if (kept !== undefined && now < kept.until - 60 && now >= kept.until - 300) return kept;
  const make = version === 'saml2' ? assertion2 : assertion1;
  const one = { text: sign(make(idp, { ...validAt(now), audience: US }), idp.key), until: now + 300 };
  signed.set(version, one);
  return one;
}

function presented(
  {
    version,
    edits,
    bytes,
    encoding,
  }: Omit<typeof input extends fc.Arbitrary<infer T> ? T : never, 'role' | 'declared'>,
  bench: Bench,
): string {
  const edited = apply(assertionAt(version, bench.now()).text, edits);
  const data = Buffer.from(edited);
  for (const [at, byte] of bytes) data[Math.floor(at * data.length)] = byte;
  return encoding === 'utf16le' ? Buffer.from(edited, 'utf16le').toString('base64url') : data.toString(encoding);
}

export const saml = defineTarget({
  name: 'saml',
  title: 'an assertion is exchanged for the subject that was signed, or refused with a valid error',
  short: 120,
  input,
  judge: async ({ declared, role, ...one }, bench) => {
    const now = bench.now();
    const good = bench.claims('own');
    const token = { text: presented(one, bench), declared: declared ?? one.version };
    const subject = { text: bench.sign('own', JSON.stringify(good)), declared: 'access_token' };
    const answer = await bench.exchange(role === 'subject' ? { subject: token } : { subject, actor: token });
    const asserted = {
      iss: SAML,
      sub: 'ada',
      type: one.version,
      audiences: [US],
      expires: assertionAt(one.version, now).until,
      chain: [],
      ancestors: ['itself'],
      actingAncestors: [],
    };
    // The declared version must be the real one.
    const read = token.declared === one.version ? asserted : undefined;
    const who = role === 'subject' ? { subject: read } : { subject: readClaims(good, now), actor: read ?? UNREADABLE };
    return assertAllowed(asking(now, who), answer);
  },
});
