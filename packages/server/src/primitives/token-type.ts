// Converts names of token types (RFC 8693 section 3): short in the configuration and in rules, a URN in requests and answers.

const PREFIX = 'urn:ietf:params:oauth:token-type:';

export const tokenTypeUri = (name: string): string => PREFIX + name;

/** @returns undefined if the text is not such a URN; names are compared exactly */
export const tokenTypeName = (uri: string): string | undefined =>
  uri.startsWith(PREFIX) ? uri.slice(PREFIX.length) : undefined;
