// Asserts that a SAML assertion is accepted, or refused for the expected reason.
import assert from 'node:assert/strict';
import { type TokenFault, TokenRefusal } from '../../src/primitives/refusal.ts';
import { readAssertion } from '../../src/saml/assertion.ts';
import type { SamlContext, SamlIdentity } from '../../src/saml/identity.ts';
import { encode } from './saml-signer.ts';

/** @param assertion XML as text or bytes */
export const read = (assertion: string | Uint8Array, context: SamlContext): Promise<SamlIdentity> =>
  readAssertion(encode(assertion), context);

/** The name of the subject. Fails if there is none that lasts. */
export const nameIn = ({ name }: SamlIdentity): string =>
  name.kind === 'lasting' ? name.nameId : assert.fail(`${name.kind}: ${name.problem}`);

/** The name cannot be used, for this reason; the assertion is accepted. */
export async function hasNoName(assertion: string, context: SamlContext, problem: RegExp): Promise<void> {
  const { name } = await read(assertion, context);
  assert.match(name.kind === 'lasting' ? 'a lasting name' : name.problem, problem);
}

export async function refusal(token: string, context: SamlContext): Promise<TokenRefusal> {
  try {
    await readAssertion(token, context);
  } catch (error) {
    if (error instanceof TokenRefusal) return error;
    throw error;
  }
  return assert.fail('the assertion was accepted');
}

/** A refusal for another reason would not prove anything. */
export async function refuses(
  assertion: string | Uint8Array,
  context: SamlContext,
  fault: TokenFault,
  detail: RegExp,
): Promise<void> {
  const { fault: found, detail: said } = await refusal(encode(assertion), context);
  assert.deepEqual([found, detail.test(said ?? '') ? detail.source : said], [fault, detail.source]);
}
