// Makes the kept form of a configuration file: without secrets, without people, and without parts that decide nothing. The schema
// says which values are secret. A value that the schema does not know is left out, too.
import { hash } from 'node:crypto';
import { alternativeOf, expectationOf, isObject, stripped, type ZodSchema } from '../primitives/expectation.ts';
import { REDACTED, redactTokens } from '../primitives/redact.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { clientEntry, configurationFile } from './schema.ts';

/** Reads a file that the configuration names. @returns undefined if it cannot be read */
export type ReadNamed = (name: string) => Uint8Array | undefined;

/**
 * @param value the value of the file, with variables of the environment replaced; it may have faults
 * @param readNamed public files are kept as their name and digest, because their content decides
 */
export function keepFile(value: unknown, readNamed: ReadNamed): JsonObject {
  const { accounts, ...others } = withoutTests(value);
  const kept = keep(others, configurationFile as ZodSchema, readNamed) as JsonObject;
  // Their names and claims are personal, and a digest of a name can be guessed.
  return Array.isArray(accounts) && accounts.length > 0 ? { ...kept, accounts: accounts.length } : kept;
}

/** The entry of a client that was registered at run time. @param secretIds of its secrets, which are not secret */
export const keepClient = (entry: JsonObject, secretIds: readonly string[]): JsonObject => ({
  ...(keep(entry, clientEntry as ZodSchema, () => undefined) as JsonObject),
  ...(secretIds.length > 0 && { secrets: secretIds }),
});

/** Tests of rules decide nothing, and contain claims of people. */
function withoutTests(value: unknown): Record<string, unknown> {
  if (!isObject(value)) return {};
  const { rules } = value;
  if (!Array.isArray(rules)) return value;
  const tested = rules.map((rule) => {
    if (!isObject(rule)) return rule;
    const { tests: _, ...others } = rule;
    return others;
  });
  return { ...value, rules: tested };
}

function keep(value: unknown, schema: ZodSchema | undefined, readNamed: ReadNamed): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  if (schema === undefined) return REDACTED;
  if (expectationOf(schema).secret) return keepSecret(value);
  const { def } = stripped(schema)._zod;
  if (def.type === 'union') {
    const options = def.options as readonly ZodSchema[];
    return keep(value, options[alternativeOf(options, value)], readNamed);
  }
  if (def.type === 'array')
    return Array.isArray(value)
      ? value.map((one) => keep(one, def.element as ZodSchema, readNamed))
      : keep([value], schema, readNamed);
  if (def.type === 'record')
    return mapMembers(value, (key, one) =>
      PRIVATE_MEMBERS.has(key) ? REDACTED : keep(one, def.valueType as ZodSchema, readNamed),
    );
  if (def.type === 'object')
    return mapMembers(value, (key, one) =>
      Object.hasOwn(def.shape, key) ? keepMember(key, one, def.shape[key] as ZodSchema, readNamed) : REDACTED,
    );
  if (typeof value === 'string') return keepText(value);
  return typeof value === 'number' ? value : mapMembers(value, (_, one) => keep(one, schema, readNamed));
}

/** Members of private JSON Web Keys (RFC 7518 section 6). */
const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

/** Files that are public, and whose content decides whom the server trusts. */
const PUBLIC_FILES: ReadonlySet<string> = new Set(['certificates', 'metadata', 'authorities']);
/** Addresses of sinks, whose paths and queries are often secret. */
const SINKS: ReadonlySet<string> = new Set(['webhook', 'otlp']);
const MAX_TEXT = 4096;

function keepMember(key: string, value: unknown, schema: ZodSchema, readNamed: ReadNamed): unknown {
  if (key === 'stream' && Array.isArray(value)) {
    const hidden = value.map((sink) => (isObject(sink) && SINKS.has(String(sink.type)) ? hidePath(sink) : sink));
    return keep(hidden, schema, readNamed);
  }
  const kept = keep(value, schema, readNamed);
  if (!PUBLIC_FILES.has(key)) return kept;
  return Array.isArray(kept) ? kept.map((one) => withDigest(one, readNamed)) : withDigest(kept, readNamed);
}

const hidePath = (sink: Record<PropertyKey, unknown>): unknown => {
  const url = URL.parse(String(sink.url));
  return { ...sink, url: url === null ? REDACTED : `${url.origin}/${REDACTED}` };
};

function withDigest(name: unknown, readNamed: ReadNamed): unknown {
  const bytes = typeof name === 'string' ? readNamed(name) : undefined;
  return bytes === undefined ? name : `${name} (SHA-256 ${hash('sha256', bytes, 'hex')})`;
}

const mapMembers = (value: unknown, map: (key: string, member: unknown) => unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, map(key, member)]))
    : Array.isArray(value)
      ? value.map((one) => map('', one))
      : REDACTED;

/** A secret is kept as the place that it comes from. The URL of a database is kept without its password and its options. */
function keepSecret(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keepSecret);
  if (typeof value === 'string') return keepLocation(value);
  if (!isObject(value)) return REDACTED;
  return mapMembers(value, (key, one) =>
    (key === 'env' || key === 'file') && typeof one === 'string' && Object.keys(value).length === 1 ? one : REDACTED,
  );
}

function keepLocation(text: string): string {
  if (text.startsWith('sqlite:')) return keepText(text);
  const url = URL.parse(text);
  if (url === null || !url.protocol.startsWith('postgres')) return REDACTED;
  const user = url.username === '' ? '' : `${url.username}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}

const USER_OF_URL = /(:\/\/[^\s/?#@:]*):[^\s/?#@]*@/g;

/** Parameters of a URL that are secrets by their names. */
const SECRET_PARAMETER = /([?&][^=&#]*(?:key|token|secret|passw|auth|sig)[^=&#]*=)[^&#\s]*/gi;

/** Redacts tokens, and secrets in URLs. A long text, such as an image, is kept as its digest. */
function keepText(text: string): string {
  if (text.length > MAX_TEXT) return `SHA-256 ${hash('sha256', text, 'hex')}`;
  const hidden = text.includes('://')
    ? text.replace(USER_OF_URL, `$1:${REDACTED}@`).replace(SECRET_PARAMETER, `$1${REDACTED}`)
    : text;
  return redactTokens(hidden);
}
