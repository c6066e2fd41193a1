// Generates the page of the examples that RFCs publish, with the result of each. packages/server/test/vectors/vectors.test.ts tries
// each, and fails if the page is wrong.
import { published, type Signature } from '../packages/server/test/vectors/published.ts';

interface Row {
  readonly section: string;
  readonly what: string;
  readonly by: string;
  readonly becomes: string;
}

const { keys, signatures, others, thumbprints, proofs, certificates, challenges } = published;

/** Why it is not a valid subject token, although it is a valid JWS. */
function whyRefused({ as, refused }: Pick<Signature, 'as' | 'refused'>): string {
  if (as === 'detached') return 'its payload is elsewhere';
  if (as !== undefined) return 'the compact serialization is the only one';
  return refused === 'unknown_issuer' ? 'the issuer `joe` is not trusted' : 'its payload is not a JSON object';
}

const refused = (why: string): string => `refused: ${why}`;

const rows: readonly Row[] = [
  ...signatures.map((one) => ({
    ...one,
    by: one.alg === 'HS256' ? "its MAC verifies, as by a resource's secret" : 'its signature verifies',
    becomes: refused(whyRefused(one)),
  })),
  ...others.map((one) => ({
    ...one,
    by: 'there is no signature',
    becomes: refused(
      one.text.endsWith('.') ? 'a token is signed' : 'a token has three parts, and nothing is decrypted',
    ),
  })),
  ...thumbprints.map((one) => ({ ...one, by: 'the thumbprint is the same', becomes: 'accepted' })),
  ...proofs.map((one) => ({ ...one, by: 'it verifies, and binds to the same key', becomes: 'accepted' })),
  ...certificates.map((one) => ({ ...one, by: 'the hash is the same', becomes: 'accepted' })),
  ...challenges.map((one) => ({ ...one, by: 'the hash is the same', becomes: 'accepted' })),
];

const inOrder = (list: readonly Row[]): readonly Row[] =>
  list.toSorted((a, b) => a.section.localeCompare(b.section, 'en', { numeric: true }));

export function vectorsPage(): string {
  const table = inOrder(rows).map(({ section, what, by, becomes }) => `| ${section} | ${what} | ${by} | ${becomes} |`);
  const secret = Object.entries(keys).filter(([, { kty }]) => kty === 'oct');
  return `# Published examples

The examples of RFC 7515, 7519, 7520, 7636, 7638, 7797, 8037, 8705, 9449, 9864 and 9964, as they stand there
([published.json](../../packages/server/test/vectors/published.json)): ${rows.length} of them. For each signature the server's own check
verifies it, and no longer when one bit differs. None is a token that anybody could exchange: each is presented over HTTP,
refused for the reason below, and beside it tokens are accepted that are signed with the RFCs' own keys, where their private
halves are published. HS256 is what a resource may ask for its own tokens (\`secret\`); nobody else's token may be signed with
a secret, and the keys of ${secret.map(([name]) => name).join(' and ')} spoil every key set that holds them.

| example | | checked | as subject token, thumbprint or proof |
|---|---|---|---|
${table.join('\n')}

Not tried: what is encrypted (RFC 7516, RFC 7520 sections 5 and 6, RFC 8037 A.6 and A.7), for nothing here decrypts a JWE. Two
encrypted JWTs stand above for all.

This page is made by \`npx node --conditions=source scripts/generate-docs.ts\`.
`;
}
