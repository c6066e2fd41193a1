// The refusals that people see on a page, with their public sentences.
import { availabilityRefusals } from '../../../primitives/refusals/availability.ts';
import { httpRefusals } from '../../../primitives/refusals/http.ts';
import { requestRefusals } from '../../../primitives/refusals/request.ts';
import { signInRefusals } from '../../../primitives/refusals/sign-in.ts';

const shown = { ...signInRefusals, ...httpRefusals, ...requestRefusals, ...availabilityRefusals };

/** An answer of the refusal table that a page may show. Every language has a sentence for it. */
export type ShownAnswer = keyof typeof shown;

/** The public sentences, which are English. They end without a full stop, and may hold `{parameter}`. */
export const publicSentences = Object.fromEntries(
  Object.entries(shown).map(([name, { answer }]) => [name, answer[2]]),
) as Readonly<Record<ShownAnswer, string>>;
