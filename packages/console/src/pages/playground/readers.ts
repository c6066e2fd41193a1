// Reads the members of the URL that this page alone has.
import type { Reader } from '../../frame/define-page.ts';
import { isObject, textsOf } from '../../shared/entry.ts';
import type { Facts } from './facts.ts';

/** Where a token comes from: pasted, described by facts, or that of an audit row. */
export type PartyKind = 'none' | 'token' | 'facts' | 'row';

const KINDS: readonly PartyKind[] = ['none', 'token', 'facts', 'row'];

export const readKind: Reader<PartyKind | undefined> = (value) => KINDS.find((one) => one === value);

/** A list of texts, or one text. */
export const readList: Reader<readonly string[] | undefined> = (value) => {
  const list = textsOf(value);
  return list.length === 0 ? undefined : list;
};

export const readFacts: Reader<Facts | undefined> = (value) => (isObject(value) ? value : undefined);
