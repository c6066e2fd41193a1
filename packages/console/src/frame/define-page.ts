// Describes a page: its address, its place in the navigation, and the state that its URL holds.
import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';

/** How a member of the URL is read. @returns undefined if the text is absent or has no meaning; the default is used instead */
export type Reader<T> = (text: unknown) => T;

type Readers = Readonly<Record<string, Reader<unknown>>>;

/** The values of the URL, by the readers of the page. */
export type UrlState<R extends Readers> = { readonly [K in keyof R]: ReturnType<R[K]> };

export interface PageDefinition<R extends Readers = Readers> {
  /** Below `/console`. One segment. */
  readonly path: string;
  readonly title: string;
  /** One sentence below the title. */
  readonly about: string;
  readonly icon: LucideIcon;
  /** `g` and this letter open the page. */
  readonly letter: string;
  readonly readers: R;
  /** Loads the component when the page is opened first. */
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

export const definePage = <R extends Readers>(page: PageDefinition<R>): PageDefinition<R> => page;

/** A text; empty if absent. The router parses numbers and `true` in a URL, so they become texts again. */
export const text: Reader<string> = (value) =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** One of some words; the first if absent. */
export const oneOf =
  <T extends string>(first: T, ...others: readonly T[]): Reader<T> =>
  (value) =>
    [first, ...others].find((one) => one === value) ?? first;

export const readState = <R extends Readers>(readers: R, search: Readonly<Record<string, unknown>>): UrlState<R> =>
  Object.fromEntries(Object.entries(readers).map(([name, reader]) => [name, reader(search[name])])) as UrlState<R>;
