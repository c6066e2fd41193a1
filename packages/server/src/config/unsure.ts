// Records which names and keys of a file are unknown while faulty parts are set aside.

/** The lists whose entries others refer to by name. */
export type NamedSection = 'clients' | 'resources' | 'authorizationServers' | 'issuers';

/** Tells an unknown name or key from a missing one. */
export interface Unsure {
  /** Could an entry that was set aside have this name? */
  readonly name: (section: NamedSection, name: string) => boolean;
  /** Was the value at this path, such as `server.tls`, set aside? */
  readonly key: (path: string) => boolean;
}

/** For a file without parts that are set aside. */
export const SURE: Unsure = { name: () => false, key: () => false };

/** For a file without some of the files that it includes: these may have any name. */
export const UNSURE: Unsure = { name: () => true, key: () => false };
