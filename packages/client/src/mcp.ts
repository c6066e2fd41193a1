// Gives the MCP SDK the token of a subject: the `authProvider` of its transports.

import type { Held } from './grants.ts';
import { type Calling, textForApi } from './on-behalf-of.ts';
import type { TokenSource } from './source.ts';

/** The `AuthProvider` of `@modelcontextprotocol/client`. */
export interface McpAuthProvider {
  /** Called before each request. */
  token(): Promise<string | undefined>;
  /** Called on 401, before one more try. */
  onUnauthorized(): Promise<void>;
}

export function createMcpProvider({ hold, drop }: Calling, subject: TokenSource): McpAuthProvider {
  let last: Held | undefined;
  return {
    token: async () => {
      last = await hold(subject, undefined);
      return textForApi(last.token);
    },
    onUnauthorized: async () => {
      if (last !== undefined) drop(last);
    },
  };
}
