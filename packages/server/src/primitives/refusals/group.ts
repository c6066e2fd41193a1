// The shape of a group of refusals: a public answer, and the reasons that have it.

/** The texts of a reason for people: its meaning, and what to do about it. */
export type ReasonText = readonly [meaning: string, remedy: string];

/** Public answers with their reasons. The sentences of answers never change: clients and documentation quote them. */
export type RefusalGroup = Readonly<
  Record<
    string,
    {
      readonly answer: readonly [status: number, error: string, description: string];
      readonly reasons: Readonly<Record<string, ReasonText>>;
    }
  >
>;
