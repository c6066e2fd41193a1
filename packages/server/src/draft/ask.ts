// Asks about a draft of the files of a configuration, and refuses what cannot be answered.
import type { RegisteredClient } from '../client-auth/registered-clients.ts';
import type { Configuration } from '../config/configuration.ts';
import type { DraftAnswer, DraftCaller, DraftQuestion, DraftTexts } from '../explain/drafted.ts';
import { InvalidRequest } from '../http/admin/problem.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type AskDraft, DraftsBusy, DraftTooCostly } from './drafts.ts';

/** Stands for the digest of a secret, which the thread must not have. */
const NO_DIGEST = 'A'.repeat(43);

const withoutSecrets = (client: RegisteredClient): RegisteredClient => ({
  ...client,
  secrets: client.secrets.map((one) => ({ ...one, sha256: NO_DIGEST })),
});

/** @throws Refusal admin_invalid, overload */
export async function askDraft(
  ask: AskDraft,
  configuration: Configuration,
  registered: readonly RegisteredClient[],
  texts: DraftTexts,
  question: DraftQuestion,
  { client, principal }: DraftCaller,
): Promise<DraftAnswer> {
  const draft = { base: configuration.draftBase(), registered: registered.map(withoutSecrets), texts };
  try {
    return await ask(draft, question, JSON.stringify([client, principal?.iss, principal?.sub]));
  } catch (error) {
    if (error instanceof DraftsBusy) throw new Refusal('overload');
    if (!(error instanceof DraftTooCostly)) throw error;
    const detail = `the draft needs ${error.message} to read and test. Make it smaller: fewer rules, tests or aliases.`;
    throw new InvalidRequest([{ at: 'body', detail }]);
  }
}
