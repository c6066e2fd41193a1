// Resolves the accounts of the file, and checks that no account has the name of another principal.
import { isReservedClaim } from '../issuing/access-token-claims.ts';
import { isDocumentId } from '../model/client-document.ts';
import { isLoopback } from '../primitives/network.ts';
import { prefixOf } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { type Account, normalUsername } from '../sign-in/accounts.ts';
import { hashPassword, type PasswordHash, parsePasswordHash } from '../sign-in/password-hash.ts';
import type { Path } from './fault.ts';
import type { ConfigurationFile } from './schema.ts';
import type { AccountSource } from './schema-people.ts';
import type { Surroundings } from './source.ts';
import { couldBeForeign, reserved } from './wording.ts';

/** @param issuers names of issuers, whose subjects are `name:…` in tokens of this server */
export async function resolveAccounts(
  file: ConfigurationFile,
  issuers: readonly { readonly name: string }[],
  around: Surroundings,
): Promise<readonly Account[]> {
  checkDistinct(file, new Set(issuers.map(({ name }) => name)), around);
  return Promise.all(
    file.accounts.map(async ({ username, password, sub = username, claims }, index) => {
      for (const claim of Object.keys(claims).filter(isReservedClaim))
        around.complain(['accounts', index, 'claims', claim], reserved(claim));
      const path = ['accounts', index, 'password'];
      return {
        username,
        sub,
        claims: claims as JsonObject,
        password: await resolvePassword(password, path, file, around),
      };
    }),
  );
}

async function resolvePassword(
  password: AccountSource['password'],
  path: Path,
  { server }: ConfigurationFile,
  around: Surroundings,
): Promise<PasswordHash> {
  if ('plain' in password) {
    if (!isLoopback(server.host))
      around.complain(
        path,
        'a plain password is for a server on loopback only. Write { hash: … }, as cambio accounts hash-password prints it.',
      );
    return around.inputs.secrets === 'none' ? NO_HASH : hashPassword(password.plain);
  }
  const hash = parsePasswordHash(password.hash);
  if (typeof hash !== 'string') return hash;
  around.complain([...path, 'hash'], `the hash ${hash}.`);
  return NO_HASH;
}

/** Replaces a faulty hash while the rest of the file is checked. */
const NO_HASH: PasswordHash = { memory: 0, passes: 0, parallelism: 0, salt: Buffer.alloc(0), tag: Buffer.alloc(0) };

/** Checks that each subject is only one of: a client, an account, a subject of another issuer with the prefix of that issuer. */
function checkDistinct(file: ConfigurationFile, issuers: ReadonlySet<string>, { complain }: Surroundings): void {
  const clients = new Set(file.clients.map(({ id }) => id));
  const domains = new Set(file.clientDocuments?.domains);
  const seen = { username: new Set<string>(), sub: new Set<string>() };
  for (const [index, { username, sub = username }] of file.accounts.entries()) {
    const path = ['accounts', index];
    const typed = normalUsername(username);
    if (seen.username.has(typed))
      complain(
        [...path, 'username'],
        `another account has the username ${JSON.stringify(username)}, as people type it. Give each account its own.`,
      );
    const key = sub === username ? 'username' : 'sub';
    if (seen.sub.has(sub))
      complain([...path, key], `another account has the subject ${JSON.stringify(sub)}. Give each account its own.`);
    for (const [place, name] of Object.entries({ username, [key]: sub }))
      if (clients.has(name) || isDocumentId(name, domains))
        complain(
          [...path, place],
          `a client ${clients.has(name) ? 'has' : 'may have'} the id ${JSON.stringify(name)} too, and tokens could not tell them apart. Rename one of them.`,
        );
    const before = prefixOf(sub);
    if (issuers.has(before)) complain([...path, key], couldBeForeign(sub, before));
    seen.username.add(typed);
    seen.sub.add(sub);
  }
}
