// Substitutes `${NAME}` and `${NAME:-default}` in the values of a file.
import type { Scalar } from 'yaml';

export interface YamlVariables {
  readonly environment: NodeJS.ProcessEnv;
  readonly forbidden: (variable: string) => string | undefined;
}

const VARIABLE = /\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/g;

/** @returns undefined if the value has no variable; `missing` is the name of one that is not set and has no default */
export function substitute(
  node: Scalar,
  environment: NodeJS.ProcessEnv,
): { readonly missing: string | undefined } | undefined {
  if (typeof node.value !== 'string' || !node.value.includes('${')) return undefined;
  let missing: string | undefined;
  let count = 0;
  const text = node.value.replace(VARIABLE, (_whole, name: string, otherwise: string | undefined) => {
    count++;
    const value = environment[name] || otherwise;
    if (value === undefined) missing = name;
    return value ?? '';
  });
  // An unquoted value of digits is a number, as if it were written in the file.
  node.value = node.type === 'PLAIN' && /^\d+$/.test(text) ? Number(text) : text;
  node.source = text;
  return count === 0 ? undefined : { missing };
}
