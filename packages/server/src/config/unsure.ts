// What is not known about a file while faulty parts of it are set aside.

/** The lists whose entries others refer to by name. */
export type NamedSection = 'clients' | 'resources' | 'issuers';

/** What is not known about a file while parts of it are set aside. */
export interface Unsure {
  /** Could an entry that was set aside have this name? */
  readonly name: (section: NamedSection, name: string) => boolean;
  /** Was the value at this path, such as `server.tls`, set aside? */
  readonly key: (path: string) => boolean;
}

/** Of a file that is read as it stands. */
export const SURE: Unsure = { name: () => false, key: () => false };
