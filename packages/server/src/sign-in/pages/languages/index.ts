// The languages of the pages, and how one is chosen for a request.
import { qualityOf } from '../../../primitives/quality.ts';
import { english, type Sentences } from './english.ts';
import { german } from './german.ts';

/** By the primary subtag of RFC 5646, which is also the `lang` of the page. */
export const languages = { en: english, de: german } as const satisfies Readonly<Record<string, Sentences>>;

export type Language = keyof typeof languages;

export const languageNames = Object.keys(languages) as [Language, ...Language[]];

/** The languages that a request names. */
export interface LanguagePreferences {
  /** `ui_locales` of OpenID Connect Core section 3.1.2.1: tags separated by blanks, in the order of preference. */
  readonly uiLocales: string | undefined;
  /** The header Accept-Language (RFC 9110 section 12.5.4). */
  readonly acceptLanguage: string | undefined;
}

/** Tags beyond these are ignored. No browser sends as many. */
const MAX_TAGS = 32;

/** @param usual the language of the configuration, for requests that name no language of the pages */
export const chooseLanguage = (preferences: LanguagePreferences, usual: Language): Language =>
  askedLanguage(preferences) ?? acceptedLanguage(preferences, usual) ?? usual;

/** The first language of `ui_locales` that the pages have. */
export const askedLanguage = ({ uiLocales }: LanguagePreferences): Language | undefined =>
  uiLocales
    ?.split(' ', MAX_TAGS)
    .map(languageOf)
    .find((one) => one !== undefined);

/** @returns the language of a tag such as `de-AT` (lookup, RFC 4647 section 3.4) */
function languageOf(tag: string): Language | undefined {
  const primary = tag.split('-', 1)[0]?.toLowerCase();
  return languageNames.find((name) => name === primary);
}

/** The language with the highest quality, or the first of several. `*` means the usual language. */
function acceptedLanguage({ acceptLanguage = '' }: LanguagePreferences, usual: Language): Language | undefined {
  const [best] = acceptLanguage
    .split(',', MAX_TAGS)
    .flatMap((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
      const language = tag === '*' ? usual : languageOf(tag);
      const quality = qualityOf(parameters);
      return language === undefined || quality === 0 ? [] : [{ language, quality }];
    })
    .sort((a, b) => b.quality - a.quality);
  return best?.language;
}
