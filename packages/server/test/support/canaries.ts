// Did a secret get out? Every test plants what it configures, sends and receives, and looks for it wherever the server writes:
// rows of its database, lines, errors, metrics, spans, and what programs print.

export interface Canaries {
  /** A secret or a token. Of a JWT the signature is looked for: what is cut off before it opens nothing. */
  readonly plant: (secret: string) => void;
  /** The secrets of a configuration file that stand in it. */
  readonly plantConfiguration: (yaml: string) => void;
  /** What a request says that nobody else may know. */
  readonly plantRequest: (body: unknown, headers?: Readonly<Record<string, string>>) => void;
  /** What an answer gives. */
  readonly plantAnswer: (answer: { readonly status: number; readonly body: Readonly<Record<string, unknown>> }) => void;
  /** Is any of them in this text? A hit is recorded, because most callers must not fail. */
  readonly look: (place: string, text: string) => void;
  /** Every place where one was seen since the last time, and what was. */
  readonly takeSeen: () => readonly string[];
}

/** Parameters and members that are worth something to a thief. */
const SECRET = new Set(
  (
    'client_secret client_assertion subject_token actor_token refresh_token code code_verifier device_code ' +
    'token password access_token id_token secret'
  ).split(' '),
);
/** Shorter ones could be anything. */
const RUN = /[\w-]{12,}/g;
/** So much of the beginning is as good as all of it. */
const MARK = 24;
/** Not what every JWT begins with, and no filling. */
const isTelling = (mark: string): boolean => !mark.startsWith('eyJ') && new Set(mark).size > 4;

export function openCanaries(): Canaries {
  const marks = new Set<string>();
  let seen: string[] = [];
  const plant = (secret: string): void => {
    // Words of an assertion that nobody encoded say nothing.
    if (secret.includes('<')) return;
    const told = secret.startsWith('eyJ') ? secret.slice(secret.lastIndexOf('.') + 1) : secret;
    for (const [run] of told.matchAll(RUN)) if (isTelling(run.slice(0, MARK))) marks.add(run.slice(0, MARK));
  };
  const plantMembers = (members: Iterable<readonly [string, unknown]>): void => {
    for (const [name, value] of members) if (SECRET.has(name) && typeof value === 'string') plant(value);
  };
  return {
    plant,
    plantConfiguration: (yaml) => {
      for (const [, secret = ''] of yaml.matchAll(/"?plain"?: *(\S[^},\n]*)/g)) plant(secret);
    },
    plantRequest: (body, headers = {}) => {
      if (typeof body === 'string') plantMembers(new URLSearchParams(body));
      for (const [name, value] of Object.entries(headers)) {
        if (!/^(authorization|dpop)$/i.test(name)) continue;
        const [scheme = '', credentials = value] = value.split(' ');
        plant(credentials);
        if (/^basic$/i.test(scheme))
          plant(
            Buffer.from(credentials, 'base64')
              .toString()
              .replace(/^[^:]*:/, ''),
          );
      }
    },
    plantAnswer: ({ status, body }) => {
      if (status < 300) plantMembers(Object.entries(body));
    },
    look: (place, text) => {
      for (const [run] of text.matchAll(RUN))
        if (marks.has(run.slice(0, MARK))) seen.push(`${place}: ${run.slice(0, 40)}`);
    },
    takeSeen: () => {
      const told = seen;
      seen = [];
      return told;
    },
  };
}

/** Those of all tests in this process, which fails in the end where one was seen. */
export const canaries: Canaries = openCanaries();

process.on('exit', () => {
  const seen = canaries.takeSeen();
  for (const one of seen) console.error(`a secret got out: ${one}`);
  if (seen.length > 0) process.exitCode = 1;
});
