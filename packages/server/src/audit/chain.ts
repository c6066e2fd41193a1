// How does the audit prove that no row was changed, moved, added or removed? Each row is hashed with the hash of the previous row.
// A process has one chain for each concurrent commit, so that commits do not wait for each other.
import { hash, randomBytes } from 'node:crypto';
import type { AuditLink, AuditTexts } from '../store/schema.ts';

/** The input of a row's hash. */
export interface Linked {
  readonly chain: string;
  /** The first row of a chain has 1. */
  readonly position: number;
  /** The JSON text as stored. */
  readonly event: string;
  /** SHA-256, in base64url, of the JSON text of the personal fields, which may have been erased. */
  readonly personalDigest: string;
}

export interface Head {
  readonly chain: string;
  readonly position: number;
  readonly hash: string;
}

/** The previous hash of the first row of a chain. */
export const NO_HASH = '';

export const digestPersonal = (personal: string): string => hash('sha256', personal, 'base64url');

/** Joining with line feeds is unambiguous: JSON.stringify writes none. */
export const hashRow = (previous: string, { chain, position, event, personalDigest }: Linked): string =>
  hash('sha256', `cambio audit 1\n${previous}\n${chain}\n${position}\n${personalDigest}\n${event}`, 'base64url');

/** New rows of a chain. Call one of the functions once. */
export interface Extension {
  readonly links: readonly AuditLink[];
  readonly committed: () => void;
  /** The rows were not committed, or that is unknown: the chain ends before them, and a new one is used. */
  readonly lost: () => void;
  /** The rows were certainly not committed: the chain continues before them. */
  readonly withdrawn: () => void;
}

export interface Chains {
  readonly extend: (rows: readonly AuditTexts[]) => Extension;
  /** The heads of chains that grew since they were last signed. */
  readonly unsigned: () => readonly Head[];
  readonly markSigned: (heads: readonly Head[]) => void;
  /** The chains of this process that may still grow. */
  readonly own: () => ReadonlySet<string>;
  /** Registers a listener that is called after every commit. */
  readonly onGrowth: (grown: () => void) => void;
}

const newChain = (): Head => ({ chain: randomBytes(12).toString('base64url'), position: 0, hash: NO_HASH });

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
        withdrawn: () => void idle.push(before),
      };
    },
    unsigned: () => [...heads.values()],
    markSigned: (list) => {
      for (const { chain, position } of list) if (heads.get(chain)?.position === position) heads.delete(chain);
    },
    own: () => own,
    onGrowth: (grown) => void listeners.push(grown),
  };
}
