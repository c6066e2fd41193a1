// Hides from a caller whose client is only claimed which check failed.
import { publicAnswer, Refusal } from '../primitives/refusal.ts';

/** How the client of a request is identified: by the `client_id` and credentials of the request, or by the token of a workload in it. */
export type Identified = 'by credentials' | 'by the token';

/**
 * Runs steps that come before the token of a workload is validated. Until then its client is only claimed, and anybody could have
 * written the token: the answer is the one for a token that names no workload. An overloaded or unavailable server says so.
 */
export async function hideFromStrangers<T>(identified: Identified, run: () => Promise<T>): Promise<T> {
  if (identified === 'by credentials') return run();
  try {
    return await run();
  } catch (error) {
    throw error instanceof Refusal ? asShownToStranger(error) : error;
  }
}

function asShownToStranger(error: Refusal): Refusal {
  if (error.reason === 'dpop_nonce' || publicAnswer(error, 'invalid_grant').status >= 429) return error;
  return new Refusal(error.reason, { ...error, shownAs: 'client_missing', cause: error });
}
