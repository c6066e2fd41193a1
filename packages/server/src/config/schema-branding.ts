// The form of the section about the branding of the pages.
import { z } from 'zod';
import { expecting } from '../primitives/expectation.ts';
import { hasInvisibleCharacters } from '../primitives/principal.ts';
import { languageNames } from '../sign-in/pages/languages/index.ts';

/** A name for people. */
export const displayName = expecting(
  z
    .string()
    .regex(/^[^\s\p{C}](?:[^\p{C}]{0,98}[^\s\p{C}])?$/u, { abort: true })
    .refine((text) => /[\p{L}\p{N}]/u.test(text) && !hasInvisibleCharacters(text)),
  'a name for people',
  'a printable text of 1 to 100 characters, with a letter or a digit and without invisible characters',
);

const text = z.string().min(1).max(200);
/** One text, or one for each language of the pages. */
export const words = z.union([
  text,
  z.record(z.string(), text).superRefine((texts, { addIssue }) => {
    const names: readonly string[] = languageNames;
    const unknown = Object.keys(texts).filter((one) => !names.includes(one));
    const known = `Write ${names.join(' or ')}`;
    for (const one of unknown)
      addIssue({ code: 'custom', path: [one], message: `is not a language of the pages. ${known}` });
  }),
]);

export const branding = z.strictObject({
  name: displayName.optional(),
  logo: z.string().min(1).optional(),
  color: z.string().optional(),
  language: z.enum(languageNames).default('en'),
  documentation: z.string().optional(),
});
