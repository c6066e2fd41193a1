// The request of a simulated exchange: pasted tokens, facts in place of a token, or the tokens of an audit row.
import { z } from 'zod';
import { recall } from '../../explain/simulate.ts';
import type { Source, Sources } from '../../explain/sources.ts';
import type { UnsignedToken } from '../../explain/unsigned-token.ts';
import { type Parameters, parametersOf } from '../../primitives/parameters.ts';
import type { Role } from '../../primitives/refusal.ts';
import { tokenTypeName, tokenTypeUri } from '../../primitives/token-type.ts';
import { guessType } from '../../subject-tokens/guess-type.ts';
import type { HttpServices } from '../endpoint.ts';
import type { OperationForms } from './administration.ts';
import { draftForm } from './draft-form.ts';
import { findRow } from './find-row.ts';
import { InvalidRequest } from './problem.ts';

const token = z.string().min(1);
const list = z.array(z.string().min(1)).max(64);
const typeName = z.string().describe('short (`jwt`) or a URN; by default, guessed from the token');

const wanted = { audience: list.optional(), resource: list.optional(), scope: z.string().optional() };

export const presented = {
  client: z.string().min(1),
  subject_token: token,
  subject_token_type: typeName.optional(),
  actor_token: token.optional(),
  actor_token_type: typeName.optional(),
};

const recorded = z.strictObject({
  request: z.string().min(1).describe('the id of a past exchange, whose token of the same role is taken'),
});

type Forms = Omit<OperationForms, 'clientEntry'>;

/** The parameters of RFC 8693 section 2.1. Those that may repeat are lists. */
const members = ({ subjectFacts, actorFacts }: Forms) => ({
  ...presented,
  subject_token: presented.subject_token.optional(),
  subject: z
    .union([subjectFacts, recorded])
    .optional()
    .describe('in place of `subject_token`: facts, as in a test of a rule, or the subject of an audit row'),
  actor: z.union([actorFacts, recorded]).optional().describe('in place of `actor_token`'),
  ...wanted,
  requested_token_type: typeName.optional(),
  draft: draftForm.optional().describe('decide by these rules; pasted tokens are verified by those in force'),
});

export const simulatedForm = (forms: Forms) => z.strictObject(members(forms)).superRefine(checkParties);

/** The same exchange, to be written as a test. */
export const testedForm = (forms: Forms) =>
  z
    .strictObject({
      name: z.string().min(1).max(256).optional().describe('of the test'),
      rule: z.string().min(1).optional().describe('that gets the test; by default, the one that decides'),
      ...members(forms),
    })
    .superRefine(checkParties);

type Parties = Readonly<
  Partial<
    Record<'subject_token' | 'subject' | 'subject_token_type' | 'actor_token' | 'actor' | 'actor_token_type', unknown>
  >
>;

/** A party is either a pasted token or facts. */
function checkParties(body: Parties, { addIssue }: z.RefinementCtx<unknown>): void {
  const { subject_token: pasted, subject, actor_token: acting, actor } = body;
  if ((pasted === undefined) === (subject === undefined))
    addIssue({ code: 'custom', path: ['subject'], message: 'give either subject_token or subject.' });
  if (acting !== undefined && actor !== undefined)
    addIssue({ code: 'custom', path: ['actor'], message: 'give either actor_token or actor.' });
  for (const role of ['subject', 'actor'] as const)
    if (body[role] !== undefined && body[`${role}_token_type`] !== undefined)
      addIssue({ code: 'custom', path: [`${role}_token_type`], message: `goes with ${role}_token. Remove it.` });
}

/** The parameters of the jwt-bearer grant (RFC 7523 section 2.1). */
export const redeemedForm = z.strictObject({ client: presented.client, assertion: token, ...wanted });

/** Members that are not parameters. */
const OTHERS: ReadonlySet<string> = new Set(['client', 'subject', 'actor', 'draft', 'name', 'rule']);

/** Converts the body to the parameters of a form. */
export const parametersFor = (body: Readonly<Record<string, unknown>>, services: HttpServices): Parameters =>
  parametersOf(pairsFor(body, services));

export function pairsFor(
  body: Readonly<Record<string, unknown>>,
  { issuer }: HttpServices,
): readonly (readonly [string, string])[] {
  const form = Object.entries(body).filter(([name]) => !OTHERS.has(name));
  const pairs = form.flatMap(([name, value]) =>
    [value ?? []]
      .flat()
      .map((text) => [name, name.endsWith('_type') ? wholeType(String(text)) : String(text)] as const),
  );
  const types = ['subject_token', 'actor_token'].flatMap((name) => {
    const text = body[name];
    const isTyped = typeof text !== 'string' || body[`${name}_type`] !== undefined;
    return isTyped ? [] : [[`${name}_type`, tokenTypeUri(guessType(text, issuer))] as const];
  });
  return [...pairs, ...types];
}

const wholeType = (text: string): string => (tokenTypeName(text) === undefined ? tokenTypeUri(text) : text);

type Party = UnsignedToken | z.output<typeof recorded>;

interface SimulatedBody {
  readonly client: string;
  readonly subject?: Party | undefined;
  readonly actor?: Party | undefined;
  readonly actor_token?: string | undefined;
}

/** @returns the sources of the tokens, and the time of the row if one of them is recorded @throws Refusal admin_item_unknown */
export async function sourcesOf(
  { subject, actor, actor_token: acting }: SimulatedBody,
  services: HttpServices,
): Promise<{ readonly sources: Sources; readonly time?: number }> {
  const found = await sourceOf('subject', subject, services);
  const other = actor === undefined && acting === undefined ? undefined : await sourceOf('actor', actor, services);
  const time = found.time ?? other?.time;
  return { sources: { subject: found.source, actor: other?.source }, ...(time !== undefined && { time }) };
}

async function sourceOf(
  role: Role,
  party: Party | undefined,
  services: HttpServices,
): Promise<{ readonly source: Source; readonly time?: number }> {
  if (party === undefined) return { source: { kind: 'pasted' } };
  if (!('request' in party)) return { source: { kind: 'facts', token: party } };
  const event = await findRow(party.request, services);
  const recalled = recall(event);
  const refuse = (detail: string): InvalidRequest => new InvalidRequest([{ at: `body.${role}.request`, detail }]);
  if (recalled === undefined)
    throw refuse('the request is not of an exchange that the rules decided. Give the id of another one, or facts.');
  if (recalled === 'withheld')
    throw refuse('the row lacks a value that a condition read, because it looked like a token. Give facts instead.');
  const facts = recalled[role];
  if (facts === undefined) throw refuse(`the request had no ${role} token. Leave ${role} out, or give facts.`);
  return { source: { kind: 'recorded', token: facts }, time: event.time };
}
