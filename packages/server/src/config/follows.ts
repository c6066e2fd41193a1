// Drops faults that only follow from another one: nothing is said of a name that no entry has while an entry has a faulty name.
import type { Complain, Origins, Path } from './fault.ts';
import type { NamedSection } from './unsure.ts';

const NAME_KEYS: ReadonlySet<unknown> = new Set(['id', 'audience', 'name', 'issuer', 'trustDomain', 'saml']);

const SECTIONS: ReadonlySet<unknown> = new Set<NamedSection>([
  'clients',
  'resources',
  'authorizationServers',
  'issuers',
]);

export interface Collected {
  readonly complain: Complain;
  /** Passes the complaints on that follow from no other. Later ones are passed on at once. */
  readonly flush: () => void;
}

/** Collects complaints until all are known, because a fault may be found before the one that it follows from. */
export function collectComplaints(complain: Complain): Collected {
  const faulty = new Set<string>();
  let collected: Parameters<Complain>[] | undefined = [];
  return {
    complain: (...complaint) => {
      if (collected === undefined) return complain(...complaint);
      const [path, , severity = 'fault'] = complaint;
      collected.push(complaint);
      if (severity !== 'fault') return;
      for (const origin of [originAt(path), path]) if (origin !== undefined) faulty.add(nameOf(origin));
    },
    flush: () => {
      const all = collected ?? [];
      collected = undefined;
      for (const complaint of all) {
        const [, , , , follows] = complaint;
        if (follows === undefined || !faulty.has(nameOf(follows))) complain(...complaint);
      }
    },
  };
}

const nameOf = (origin: Origins): string => (typeof origin === 'string' ? origin : JSON.stringify(origin));

function originAt([section, index, key, ...deeper]: Path): Origins | undefined {
  if (typeof index !== 'number' || !SECTIONS.has(section)) return undefined;
  if (section === 'clients' && key === 'grants') return 'grants';
  return NAME_KEYS.has(key) && deeper.length === 0 ? (section as NamedSection) : undefined;
}
