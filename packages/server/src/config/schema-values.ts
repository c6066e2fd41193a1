// The forms that values have in many places of the file.
import { z } from 'zod';
import { isClientId } from '../model/client.ts';
import { isName } from '../primitives/principal.ts';
import { isScopeName } from '../primitives/scope.ts';

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90s`, `10m`, `1h`, `30d` → seconds. */
export const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'must be a duration such as 90s, 10m, 1h or 30d')
  .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS]);

export const name = z.string().refine(isName, 'must be a printable text of 1 to 1024 characters');
export const clientId = z.string().refine(isClientId, 'must be 1 to 256 printable ASCII characters');
export const scopes = z.array(
  z.string().refine(isScopeName, 'must be a scope name: printable ASCII without blank, quote and backslash'),
);
export const oneOrMore = <T extends z.ZodType>(type: T) =>
  z.union([type.transform((one) => [one]), z.array(type).min(1)]);

export const secret = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ plain: z.string().min(1) }),
]);

export type SecretSource = z.output<typeof secret>;

export const expression = z.string().min(1).max(4096);

export const issuerName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,255}$/, 'must be letters, digits, dots, dashes and underscores');
