// Reads the pages about issuers: the entries and the tokens that they show.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Claims } from './issuer.ts';
import { repository } from './program.ts';

export interface Shape {
  /** Name of the file in examples/issuers. */
  readonly name: string;
  /** URLs in the file that the fake issuer replaces. */
  readonly real: readonly (readonly [url: string, path: string])[];
  /** The path of the issuer's URL. */
  readonly path?: string;
  /** The name of the token on its page, if it is not that of the file. */
  readonly token?: string;
  readonly client: string;
  readonly declared: string;
  readonly header?: Claims;
  readonly claims: (issuer: string, now: number) => Claims;
  /** Claims of the new token. */
  readonly becomes: Claims;
  /** Claims that another token has instead, and the reason that it is refused for. */
  readonly others: readonly (readonly [Claims, string])[];
}

/** The pages about issuers, by path. */
export const issuerPages: ReadonlyMap<string, string> = new Map(
  globSync('docs/guides/issuers/*.md', { cwd: repository }).map((page) => [
    page,
    readFileSync(join(repository, page), 'utf8'),
  ]),
);

/** The blocks of a kind on those pages, such as `json cognito`. */
export const blocksOfIssuers = (kind: 'json' | 'yaml') =>
  [...issuerPages].flatMap(([page, text]) =>
    [...text.matchAll(new RegExp(`^\`\`\`${kind} (\\S+)\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
      ([, name = '', block = '']) => ({
        page,
        name,
        block,
      }),
    ),
  );

const TIMES = ['iat', 'nbf', 'exp', 'auth_time'];

/** The token that a page shows under this name, with its times moved so that it is issued now. */
export const shown =
  (name: string) =>
  (_iss: string, now: number): Claims => {
    const { block } = blocksOfIssuers('json').find((one) => one.name === name) ?? {};
    if (block === undefined) throw new Error(`no page shows a token ${name}`);
    const claims = JSON.parse(block) as Record<string, number>;
    const { iat = 0 } = claims;
    return Object.fromEntries(
      Object.entries(claims).map(([member, value]) => [member, TIMES.includes(member) ? value - iat + now : value]),
    );
  };
