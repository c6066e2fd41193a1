// The parts of the file that the admin API shows: clients, resources, issuers and rules, without secrets and without their sources.

const sections = ['clients', 'resources', 'issuers', 'rules'] as const;

export type Entry = Readonly<Record<string, unknown>>;

/** In the words of the file, and in its order. */
export type Entries = Readonly<Record<(typeof sections)[number], readonly Entry[]>>;

/** @param file is known to have the right form */
export function redact(file: unknown): Entries {
  const said = file as Partial<Entries>;
  return Object.fromEntries(sections.map((name) => [name, withoutSecrets(said[name] ?? [])])) as Entries;
}

function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (key === 'secret' ? [] : [[key, withoutSecrets(member)]])),
  );
}
