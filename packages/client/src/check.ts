// Finds faults in options, so that a value missing by mistake never asks for more.

/** @throws TypeError that names the member and says what to write */
export function checkMembers(what: string, members: object, known: readonly string[]): void {
  if (typeof members !== 'object' || members === null)
    throw new TypeError(`${what} must be an object with ${known.join(', ')}`);
  for (const name of Object.keys(members)) {
    if (!known.includes(name))
      throw new TypeError(`${what}.${name} is not known: it must be one of ${known.join(', ')}`);
    // Usually an environment variable that is not set. A signal is often handed on as it came.
    if (members[name as keyof typeof members] === undefined && name !== 'signal')
      throw new TypeError(`${what}.${name} is undefined: give it a value, or leave it out`);
  }
}

export function checkText(name: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new TypeError(`${name} is ${value === '' ? 'empty' : `not a text`}: it must be a text that is not empty`);
}

/** One or more texts. An empty list would ask for the default, which is more. */
export function textsOf(name: string, value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new TypeError(`${name} is an empty list: leave it out, or name at least one`);
  return list.map((one) => checkText(name, one instanceof URL ? one.href : one));
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Tokens and secrets go over HTTPS, or stay on the machine. @throws TypeError */
export function secureUrl(name: string, text: unknown): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.username || url?.password) throw new TypeError(`${name} has a user name or a password: leave them out`);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url;
  // Its path and its query may have secrets, and another text may be a token.
  const shown = url === undefined ? 'not a URL' : `at ${url.protocol}//${url.host}`;
  throw new TypeError(
    `${name} is ${text === undefined ? 'missing' : shown}: it must be an https URL, or http on loopback`,
  );
}
