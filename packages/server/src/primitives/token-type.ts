// The names of token types (RFC 8693 section 3): short in the configuration and in rules, a URN on the wire.

const PREFIX = 'urn:ietf:params:oauth:token-type:';

export const tokenTypeUri = (name: string): string => PREFIX + name;

/** @returns undefined where it is no such URN; names are compared exactly. */
export const tokenTypeName = (uri: string): string | undefined =>
  uri.startsWith(PREFIX) ? uri.slice(PREFIX.length) : undefined;
