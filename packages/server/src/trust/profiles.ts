// The table of identity providers: how the JWTs of each show what they are. An entry names its row by `profile`.

/** What a token is. A workload token is neither of the two others: it names a machine, and its issuer makes no other tokens. */
export type TokenKind = 'access' | 'id' | 'workload';

/** The types that a token of each kind may be declared as, besides `jwt`, which names only a format. */
export type DeclaredKind = 'access_token' | 'id_token' | 'jwt';

export interface Mark {
  readonly member: string;
  readonly shows: TokenKind;
  /** The values that count; absent: the member alone counts. */
  readonly pattern?: RegExp;
  /** Counts if the audiences contain, or lack, the value. */
  readonly audience?: 'contains' | 'lacks';
}

export interface Profile {
  /** Marks of different kinds in one token contradict each other. */
  readonly marks: readonly Mark[];
  /** What a token without a mark is, the first that holds; if none does, it cannot be told. */
  readonly otherwise?: readonly Mark[] | TokenKind;
  /** A workload token may also be declared as an access token, if the entry accepts that. */
  readonly workloadAs?: readonly DeclaredKind[];
}

const marks = (shows: TokenKind, ...members: readonly string[]): readonly Mark[] =>
  members.map((member) => ({ member, shows }));

/** Digests of the tokens beside an ID token (OpenID Connect Core sections 3.1.3.6 and 3.3.2.11). */
export const HASHES = ['at_hash', 'c_hash', 's_hash'] as const;

const idMarks = marks('id', 'nonce', ...HASHES);

/** The common statements (`typ`, `token_use`, `token_type`) count in every row, and need no mark. */
const table = {
  // `typ` is in every token: Bearer, DPoP or ID. Mappers add `nonce` to access tokens.
  keycloak: { marks: marks('id', ...HASHES) },
  // Version 2 has `azpacr`, version 1 has `appidacr`, also in tokens of applications without `scp`.
  entra: { marks: [...marks('access', 'azpacr', 'appidacr', 'scp', 'idtyp'), ...idMarks], otherwise: 'id' },
  okta: {
    marks: [
      { member: 'jti', shows: 'access', pattern: /^AT\./ },
      { member: 'jti', shows: 'id', pattern: /^ID\./ },
      ...marks('access', 'cid', 'scp'),
      ...idMarks,
    ],
  },
  auth0: {
    marks: [
      ...marks('access', 'gty', 'scope', 'permissions'),
      { member: 'azp', shows: 'access', audience: 'lacks' },
      { member: 'azp', shows: 'id', audience: 'contains' },
      ...idMarks,
    ],
    otherwise: 'id',
  },
  // Its ID tokens have `client_id` and `azp`. Its access tokens have a `jti`, and need have nothing else.
  zitadel: {
    marks: [...marks('id', 'azp', 'auth_time', 'amr', 'sid'), ...idMarks],
    otherwise: marks('access', 'jti'),
  },
  // Its access tokens are opaque.
  google: { marks: [], otherwise: 'id' },
  // `token_use` is in every token.
  cognito: { marks: marks('id', ...HASHES) },
  kubernetes: { marks: marks('workload', 'kubernetes.io'), workloadAs: ['jwt', 'access_token'] },
  // JWT-SVID section 2.3.
  spiffe: { marks: [], otherwise: 'workload' },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof table;

export const profiles: Readonly<Record<ProfileName, Profile>> = table;
export const profileNames = Object.keys(table) as [ProfileName, ...ProfileName[]];

export const makesWorkloadTokens = ({ marks: all, otherwise }: Profile): boolean =>
  otherwise === 'workload' || all.some(({ shows }) => shows === 'workload');

/** Can a token of such an issuer be accepted as this type? */
export function issues(profile: Profile, type: DeclaredKind): boolean {
  const { marks: all, otherwise, workloadAs = ['jwt'] } = profile;
  if (makesWorkloadTokens(profile)) return workloadAs.includes(type);
  // Statements can show either kind, except where every token without a mark is an ID token.
  return type !== 'access_token' || otherwise !== 'id' || all.some(({ shows }) => shows === 'access');
}

export const isProfile = (name: string): name is ProfileName => Object.hasOwn(table, name);
