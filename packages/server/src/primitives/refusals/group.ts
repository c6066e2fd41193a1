// A public answer beside the reasons that have it.

/** What a person is told of a reason: what it means, and in plain sentences what to do about it. */
export type ReasonText = readonly [meaning: string, remedy: string];

/** The public answer, and the reasons that have it. The sentences of answers are fixed: clients and documentation quote them. */
export type RefusalGroup = Readonly<
  Record<
    string,
    {
      readonly answer: readonly [status: number, error: string, description: string];
      readonly reasons: Readonly<Record<string, ReasonText>>;
    }
  >
>;
