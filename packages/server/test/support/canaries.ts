// Finds leaked secrets. Every test registers the secrets that it configures, sends and receives; they are searched in everything that
// the server writes: database rows, log lines, errors, metrics, spans, and output of programs.

export interface Canaries {
  /** Registers a secret or a token. Of a JWT the signature is searched: the rest alone is worthless. */
  readonly plant: (secret: string) => void;
  /** Registers the secrets in a configuration file. */
  readonly plantConfiguration: (yaml: string) => void;
  /** Registers the secrets in a request. */
  readonly plantRequest: (body: unknown, headers?: Readonly<Record<string, string>>) => void;
  /** Registers the secrets in an answer. */
  readonly plantAnswer: (answer: { readonly status: number; readonly body: Readonly<Record<string, unknown>> }) => void;
  /** Is any of them in this text? A hit is recorded, because most callers must not fail. */
  readonly look: (place: string, text: string) => void;
  /** Returns the places and names of all leaks since the last call. */
  readonly takeSeen: () => readonly string[];
}

/** Parameters and members that a thief could use. */
const SECRET = new Set(
  (
    'client_secret client_assertion subject_token actor_token refresh_token code code_verifier device_code ' +
    'token password access_token id_token secret'
  ).split(' '),
);
/** Shorter texts are too common to search. */
const RUN = /[\w-]{12,}/g;
/** Length of the beginning that is searched. */
const MARK = 24;
/** Skips the common beginning of JWTs, and padding. */
const isTelling = (mark: string): boolean => !mark.startsWith('eyJ') && new Set(mark).size > 4;

export function openCanaries(): Canaries {
  const marks = new Set<string>();
  let seen: string[] = [];
  const plant = (secret: string): void => {
    // Words of an assertion that is not encoded are not secret.
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

/** The registry of all tests in this process. It fails the process if a secret leaked. */
export const canaries: Canaries = openCanaries();

process.on('exit', () => {
  const seen = canaries.takeSeen();
  for (const one of seen) console.error(`a secret got out: ${one}`);
  if (seen.length > 0) process.exitCode = 1;
});
