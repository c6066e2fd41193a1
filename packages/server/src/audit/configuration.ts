// The kept form of a configuration: canonical JSON texts without secrets, each found by its SHA-256. The text of a configuration
// lists the digests of its parts, so that parts that did not change are stored once.
import { hash } from 'node:crypto';
import { isDigest } from '../primitives/hex.ts';
import { type JsonObject, parseJsonFile } from '../primitives/strict-json.ts';

/** A file as it is kept. */
export interface KeptFile {
  /** Relative to the folder of the main file; empty for the main file itself, which may have any name. */
  readonly path: string;
  readonly content: JsonObject;
}

export interface ConfigurationContent {
  readonly files: readonly KeptFile[];
  /** The entries of clients that were registered at run time, by id. */
  readonly registered: Readonly<Record<string, JsonObject>>;
}

export interface KeptConfiguration {
  readonly digest: string;
  /** The text of the configuration and the texts of its parts, by digest. */
  readonly texts: ReadonlyMap<string, string>;
  readonly content: ConfigurationContent;
}

/** SHA-256 in hex. */
export const digestText = (text: string): string => hash('sha256', text, 'hex');

/** The form in rows of decisions: half of the digest. Every configuration that came into force has a row with the whole one. */
const SHORT_LENGTH = 32;
export const shortDigest = (digest: string): string => digest.slice(0, SHORT_LENGTH);

/** Registered clients are kept in this many parts or fewer, so that a change of one does not store all again. */
const partOfClient = (id: string): string => digestText(id).slice(0, 2);

/** @param known texts of files that were made before: a configuration file may be large, and registered clients change often */
export function keepConfiguration(
  { files, registered }: ConfigurationContent,
  known = new WeakMap<JsonObject, string>(),
): KeptConfiguration {
  const texts = new Map<string, string>();
  const textOf = (content: JsonObject): string => {
    const text = known.get(content) ?? canonical(content);
    known.set(content, text);
    return text;
  };
  const keep = (text: string): string => {
    const digest = digestText(text);
    texts.set(digest, text);
    return digest;
  };
  const listed = files.map(({ path, content }) => ({ path, sha256: keep(textOf(content)) }));
  const parts = Map.groupBy(Object.entries(registered), ([id]) => partOfClient(id));
  const clients = [...parts.values()].map((part) => keep(canonical(Object.fromEntries(part)))).toSorted();
  const digest = keep(canonical({ files: listed, registered: clients }));
  return { digest, texts, content: { files, registered } };
}

interface Listing {
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly registered: readonly string[];
}

/** @returns the parts that the text of a configuration lists; undefined if the text is not one of a configuration */
function readListing(text: string): Listing | undefined {
  const { files, registered, ...others } = parseJsonFile(text) ?? {};
  if (!Array.isArray(files) || !Array.isArray(registered) || Object.keys(others).length > 0) return undefined;
  const isListed = files.every((one) => typeof one?.path === 'string' && isDigest(one?.sha256));
  return isListed && registered.every(isDigest) ? { files, registered } : undefined;
}

/** @returns the digests of the parts; undefined if the text is not one of a configuration */
export function listParts(text: string): readonly string[] | undefined {
  const listing = readListing(text);
  return listing && [...listing.files.map(({ sha256 }) => sha256), ...listing.registered];
}

/** @returns undefined if the text is not one of a configuration, or a part is missing */
export function readContent(text: string, parts: ReadonlyMap<string, string>): ConfigurationContent | undefined {
  const listing = readListing(text);
  if (listing === undefined) return undefined;
  const read = (digest: string): JsonObject | undefined => parseJsonFile(parts.get(digest) ?? '');
  const files = listing.files.map(({ path, sha256 }) => ({ path, content: read(sha256) }));
  const clients = listing.registered.map(read);
  if (!files.every(isThere) || !clients.every((part) => part !== undefined)) return undefined;
  // An assignment would lose a client with the id __proto__.
  return {
    files,
    registered: Object.fromEntries(clients.flatMap((part) => Object.entries(part))) as Record<string, JsonObject>,
  };
}

const isThere = (file: { path: string; content: JsonObject | undefined }): file is KeptFile =>
  file.content !== undefined;

/** JSON with the members in order, so that the order of keys in a file changes nothing. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value));

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]));
}
