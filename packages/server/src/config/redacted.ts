// Removes secrets and their sources from the entries that the admin API shows: clients, resources, authorization servers, issuers and rules.

const sections = ['clients', 'resources', 'authorizationServers', 'issuers', 'rules'] as const;

export type Entry = Readonly<Record<string, unknown>>;

/** Entries with the keys and the order of the file. */
export type Entries = Readonly<Record<(typeof sections)[number], readonly Entry[]>>;

/** @param file has the right form */
export function redact(file: unknown): Entries {
  const given = file as Partial<Entries>;
  return Object.fromEntries(sections.map((name) => [name, withoutSecrets(given[name] ?? [])])) as Entries;
}

function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (key === 'secret' ? [] : [[key, withoutSecrets(member)]])),
  );
}
