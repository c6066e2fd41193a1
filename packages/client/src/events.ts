// Reports what happens, for metrics. An event has no token.

export interface ClientEvent {
  /**
   * `hit`: a cached token. `shared`: waits for an exchange under way. `issued`: a request brought a token. `refused`: it brought an
   * error. `retry`: it is sent again. `forgotten`: an API refused a cached token.
   */
  readonly type: 'hit' | 'shared' | 'issued' | 'refused' | 'retry' | 'forgotten';
  readonly grant: string;
  readonly audience: readonly string[];
  /** Milliseconds, of `issued` and `refused`. */
  readonly duration?: number;
  /** Of `refused`. */
  readonly code?: string;
  readonly requestId?: string | undefined;
}

export type Listener = (event: ClientEvent) => void;

/** An error of a listener must not cost a token. */
export const quietly = (listener: Listener | undefined): Listener | undefined =>
  listener &&
  ((event) => {
    try {
      const result: unknown = listener(event);
      if (result instanceof Promise) result.catch(() => undefined);
    } catch {}
  });
