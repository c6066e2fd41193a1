// The options of the fake server: clients, rules and resources, as in a configuration file.

export interface FakeClient {
  readonly id: string;
  readonly secret: string;
  /** Default: both. */
  readonly grants?: readonly ('client_credentials' | 'token_exchange')[];
  /** What it may have for itself. Default: nothing. */
  readonly audiences?: readonly string[];
  readonly scopes?: readonly string[];
  /** The API that it is: it may exchange the tokens for that. */
  readonly resource?: string;
}

/** As a rule of the configuration file, with the parts that are named here. */
export interface FakeRule {
  readonly client: string | readonly string[];
  /** Who may act. `clients`: default the calling client alone. `required`: default false. */
  readonly actor?: { readonly clients?: readonly string[]; readonly required?: boolean };
  readonly grant: {
    readonly audiences: readonly string[];
    readonly scopes: readonly string[];
    /** Default: `access_token`. */
    readonly types?: readonly ('access_token' | 'jwt')[];
  };
}

export interface FakeOptions {
  /** Default `https://login.example`. */
  readonly issuer?: string;
  readonly resources: readonly { readonly audience: string; readonly scopes: readonly string[] }[];
  readonly clients: readonly FakeClient[];
  readonly rules: readonly FakeRule[];
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
}

export interface FakeRequest {
  readonly grant: string;
  readonly client: string;
  readonly audience: readonly string[];
  readonly status: number;
}

export interface FakeFailure {
  readonly status: number;
  readonly error: string;
  /** Seconds. */
  readonly retryAfter?: number;
}
