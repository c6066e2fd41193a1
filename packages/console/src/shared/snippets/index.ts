// Writes a token request as a program. Each one runs as it is, with its tokens and secrets in environment variables.
import { agentgateway } from './agentgateway.ts';
import { curl } from './curl.ts';
import type { AuthenticationMethod, SnippetRequest } from './form.ts';
import { go } from './go.ts';
import { java } from './java.ts';
import { python } from './python.ts';
import { typescript } from './typescript.ts';

export type { SnippetRequest } from './form.ts';

export const languages = { curl, TypeScript: typescript, Python: python, Go: go, Java: java, agentgateway } as const;

export type Language = keyof typeof languages;

export const writeSnippet = (language: Language, request: SnippetRequest): string => languages[language](request);

/** The environment variables that a snippet reads, in order. */
export const variablesOf = (snippet: string): readonly string[] => [
  ...new Set(snippet.match(/\b(?:CLIENT_SECRET|CLIENT_ASSERTION|CLIENT_KEY|DPOP_PROOF|SUBJECT_TOKEN|ACTOR_TOKEN)\b/g)),
];

const METHODS: readonly string[] = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'spiffe_jwt',
  'none',
] satisfies readonly AuthenticationMethod[];

/** @param entry of a client, as the admin API has it @returns its first method */
export function authenticationOf(entry: Readonly<Record<string, unknown>>): Pick<SnippetRequest, 'auth' | 'needsDpop'> {
  const [first] = [entry.auth].flat();
  const isKnown = (name: unknown): name is AuthenticationMethod => METHODS.some((one) => one === name);
  const auth = isKnown(first) ? first : 'client_secret_post';
  return {
    auth: auth === 'none' && entry.workload !== undefined ? 'workload' : auth,
    needsDpop: entry.dpopBoundAccessTokens === true,
  };
}
