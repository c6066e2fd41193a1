// A public answer beside the reasons that have it.

/** What the outside sees, and for each reason what it means to a person. The sentences are fixed: clients and documentation quote them. */
export type RefusalGroup = Readonly<
  Record<
    string,
    {
      readonly answer: readonly [status: number, error: string, description: string];
      readonly reasons: Readonly<Record<string, string>>;
    }
  >
>;
