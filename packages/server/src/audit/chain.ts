// What proves that no row was changed, moved, added or taken away? Each row is hashed with the hash of the row before it. A
// process writes in one chain for each commit that it has under way, so that nobody waits for another's.
import { hash, randomBytes } from 'node:crypto';
import type { AuditLink, AuditTexts } from '../store/schema.ts';

/** What a row's hash is made of. */
export interface Linked {
  readonly chain: string;
  /** The first of a chain is 1. */
  readonly position: number;
  /** The JSON, as it stands. */
  readonly event: string;
  /** SHA-256 in base64url of the JSON of what is personal, which may be gone. */
  readonly personalDigest: string;
}

export interface Head {
  readonly chain: string;
  readonly position: number;
  readonly hash: string;
}

/** What stands before the first row of a chain. */
export const NOTHING = '';

export const digestPersonal = (personal: string): string => hash('sha256', personal, 'base64url');

/** The lines are joined without ambiguity: JSON as we write it holds no line feed. */
export const hashRow = (previous: string, { chain, position, event, personalDigest }: Linked): string =>
  hash('sha256', `cambio audit 1\n${previous}\n${chain}\n${position}\n${personalDigest}\n${event}`, 'base64url');

/** The next rows of a chain, until it is known whether they were committed. */
export interface Extension {
  readonly links: readonly AuditLink[];
  readonly committed: () => void;
  /** Not committed, or nobody knows: the chain ends with what was, and another begins. */
  readonly lost: () => void;
}

export interface Chains {
  readonly extend: (rows: readonly AuditTexts[]) => Extension;
  /** Where the chains stand that grew since they were last signed. */
  readonly unsigned: () => readonly Head[];
  /** These heads are signed. */
  readonly signed: (heads: readonly Head[]) => void;
  /** Every chain of this process that may still grow. */
  readonly own: () => ReadonlySet<string>;
  /** Hears of every commit. */
  readonly onGrowth: (grown: () => void) => void;
}

const newChain = (): Head => ({ chain: randomBytes(12).toString('base64url'), position: 0, hash: NOTHING });

export function createChains(): Chains {
  const idle: Head[] = [];
  const heads = new Map<string, Head>();
  const own = new Set<string>();
  const listeners: (() => void)[] = [];
  return {
    extend: (rows) => {
      const before = idle.pop() ?? newChain();
      own.add(before.chain);
      const links: AuditLink[] = [];
      let head = before;
      for (const { event, personal } of rows) {
        const position = head.position + 1;
        const linked = { chain: head.chain, position, event, personalDigest: digestPersonal(personal) };
        head = { chain: head.chain, position, hash: hashRow(head.hash, linked) };
        links.push(head);
      }
      return {
        links,
        committed: () => {
          heads.set(head.chain, head);
          idle.push(head);
          for (const grown of listeners) grown();
        },
        lost: () => void own.delete(before.chain),
      };
    },
    unsigned: () => [...heads.values()],
    signed: (list) => {
      for (const { chain, position } of list) if (heads.get(chain)?.position === position) heads.delete(chain);
    },
    own: () => own,
    onGrowth: (grown) => void listeners.push(grown),
  };
}
