// A draft of the configuration, with what it begins with.
import type { RegisteredClient } from '../client-auth/registered-clients.ts';
import type { DraftBase } from '../config/draft-base.ts';
import type { DraftQuestion, DraftTexts } from '../explain/drafted.ts';

export interface Draft {
  readonly base: DraftBase;
  readonly registered: readonly RegisteredClient[];
  readonly texts: DraftTexts;
}

/** What goes to the thread. */
export interface DraftMessage {
  readonly draft: Draft;
  readonly question: DraftQuestion;
}
