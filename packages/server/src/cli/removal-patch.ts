// Finds the unused rights that can be removed without changing a recorded decision, and removes them from the text of the file.
import { realpathSync } from 'node:fs';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError, type Path } from '../config/fault.ts';
import { createInputs } from '../config/inputs.ts';
import { loadConfiguration } from '../config/load.ts';
import type { Entries } from '../config/redacted.ts';
import { removeFromFiles } from '../config/removal.ts';
import type { RefusedRequests } from '../explain/same-decisions.ts';
import type { UnusedRight } from '../explain/unused.ts';
import { indexResources } from '../narrowing/targets.ts';
import { unifiedDiff } from '../primitives/unified-diff.ts';

interface Patch {
  /** A unified diff; empty if nothing can be removed. */
  readonly diff: string;
  /** Rights that stay, because a decision or the file would change in another way. */
  readonly left: readonly UnusedRight[];
}

/** All unused rights of one rule or client. They are removed together or not at all. */
interface Group {
  readonly rights: readonly UnusedRight[];
  readonly paths: readonly Path[];
}

/** The file is read and judged again at most this many times. */
const MAX_ATTEMPTS = 100;

/** @param nameIn gives the name of a file in the diff */
export async function patchOf(
  unused: readonly UnusedRight[],
  refused: RefusedRequests,
  { file, nameIn, before }: { file: string; nameIn: (path: string) => string; before: Configuration },
): Promise<Patch> {
  const groups = groupRights(unused, before.entries).filter(
    ({ paths }) => !paths.some((path) => concernsAny(path, refused.uncertainClients, before.entries)),
  );
  let attempts = 0;
  const holds = async (some: readonly Group[]): Promise<boolean> =>
    attempts++ < MAX_ATTEMPTS && (await isHarmless(some, refused, { file, before }));
  const kept = await findHarmless(groups, [], holds);
  const made = removeFromFiles(before.files, pathsOf(kept));
  const going = new Set(kept.flatMap(({ rights }) => rights));
  return {
    diff: before.files
      .map(({ path, text }, place) => unifiedDiff(nameIn(path), text, made[place]?.edits ?? []))
      .join(''),
    left: unused.filter((right) => !going.has(right)),
  };
}

/** @param found harmless groups @returns those with as many of the others as remain harmless together */
async function findHarmless(
  groups: readonly Group[],
  found: readonly Group[],
  holds: (some: readonly Group[]) => Promise<boolean>,
): Promise<readonly Group[]> {
  if (groups.length === 0) return found;
  const together = [...found, ...groups];
  if (await holds(together)) return together;
  if (groups.length === 1) return found;
  const half = groups.length >> 1;
  return findHarmless(groups.slice(half), await findHarmless(groups.slice(0, half), found, holds), holds);
}

const pathsOf = (groups: readonly Group[]): readonly Path[] => groups.flatMap(({ paths }) => paths);

async function isHarmless(
  groups: readonly Group[],
  refused: RefusedRequests,
  { file, before }: { file: string; before: Configuration },
): Promise<boolean> {
  const made = removeFromFiles(before.files, pathsOf(groups));
  const changed = new Map<string, Buffer>();
  for (const [place, removal] of made.entries()) {
    if (removal === undefined) return false;
    if (removal.edits.length > 0)
      changed.set(realpathSync(before.files[place]?.path ?? file), Buffer.from(removal.text));
  }
  try {
    const inputs = createInputs(file);
    const after = await loadConfiguration(file, process.env, {
      ...inputs,
      read: (name) => changed.get(realpathSync(name)) ?? inputs.read(name),
    });
    if (after.warnings.length > before.warnings.length) return false;
    after.examine();
    return refused.areSame(withTargets(before), withTargets(after));
  } catch (error) {
    if (error instanceof ConfigurationError) return false;
    throw error;
  }
}

const withTargets = (configuration: Configuration) => ({
  ...configuration,
  targeting: indexResources(configuration.resources, configuration.authorizationServers),
});

/** Rules come before clients, as in the report: a client stays if a rule that names it stays. */
function groupRights(unused: readonly UnusedRight[], entries: Entries): readonly Group[] {
  const inFile = unused.filter(({ path }) => path !== undefined);
  const groups = Map.groupBy(inFile, ({ kind, name, of, with: client }) =>
    client === undefined ? (of ?? `${kind} ${name}`) : `client ${client}`,
  );
  return [...groups.values()].map((rights) => ({
    rights,
    paths: rights.flatMap(({ kind, name, of, path = [] }) =>
      kind === 'client' && of === undefined
        ? [path, ...mentionsOf(name, entries)]
        : [emptiedKey(path, rights, entries)],
    ),
  }));
}

/** The places of a client in the lists of rules. */
const mentionsOf = (client: string, { rules }: Entries): readonly Path[] =>
  rules.flatMap((rule, index) => {
    const place = Array.isArray(rule.client) ? rule.client.indexOf(client) : -1;
    return place === -1 ? [] : [['rules', index, 'client', place]];
  });

/** A key of a map of scopes goes with its last scope. */
function emptiedKey(path: Path, rights: readonly UnusedRight[], { rules }: Entries): Path {
  const [section, index, , , from, place] = path;
  if (section !== 'rules' || typeof from !== 'string' || place === undefined) return path;
  const key = path.slice(0, -1);
  const grant = rules[Number(index)]?.grant as { scopes: Readonly<Record<string, readonly string[]>> } | undefined;
  const gone = rights.filter((right) => key.every((step, depth) => right.path?.[depth] === step));
  return gone.length === grant?.scopes[from]?.length ? key : path;
}

/** Does an entry concern one of the clients? */
function concernsAny([section, index]: Path, clients: ReadonlySet<string>, entries: Entries): boolean {
  const entry = entries[section as 'rules' | 'clients'][Number(index)];
  return [section === 'rules' ? entry?.client : entry?.id].flat().some((id) => clients.has(String(id)));
}
