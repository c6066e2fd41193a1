// Removes tokens and secrets from texts of a server, which may repeat what it was sent.

/** A shorter part of a secret is often a word. */
const MIN_PART = 8;
/** A shorter secret would redact everything. */
const MIN_SECRET = 4;
const MAX_CHARACTERS = 300;
/** The rest is never shown: a server must not keep its clients busy. */
const MAX_READ_CHARACTERS = 2000;
const SEPARATORS = `\\s"'\`(),;<>[\\]{}`;
const SEPARATOR = new RegExp(`[${SEPARATORS}]`);
const RUN = new RegExp(`[^${SEPARATORS}]{${MIN_SECRET},}`, 'g');
/** The base64url of `{"`: a JWT, or the beginning of one. */
const JWT = /eyJ[\w-]/;

/** Parts of a secret count too: servers shorten what they repeat. */
export function scrub(text: string, secrets: readonly string[]): string {
  const isSecret = (part: string): boolean =>
    JWT.test(part) ||
    secrets.some(
      (secret) =>
        (secret.length >= MIN_SECRET && part.includes(secret)) || (part.length >= MIN_PART && secret.includes(part)),
    );
  // A secret may have a space or a comma, and is then more than one run.
  const split = secrets.filter((secret) => secret.length >= MIN_SECRET && SEPARATOR.test(secret));
  const read = text.slice(0, MAX_READ_CHARACTERS);
  const without = split.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), read);
  const clean = [...without].map((char) => (char >= ' ' && char !== '\x7f' ? char : ' ')).join('');
  return clean.replace(RUN, (run) => (partsOf(run).some(isSecret) ? '[redacted]' : run)).slice(0, MAX_CHARACTERS);
}

/** The run itself, decoded, and what is around a sign such as `=` or an ellipsis. */
function partsOf(run: string): readonly string[] {
  const decoded = decode(run);
  return [run, decoded, ...decoded.split(/[=:…&?]|\.{2,}/)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
