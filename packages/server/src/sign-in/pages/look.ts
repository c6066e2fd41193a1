// The language and the branding of a page. Pages are rendered when they are sent, since both are known only then.
import type { Branding } from './branding.ts';
import type { Sentences } from './languages/english.ts';
import {
  askedLanguage,
  chooseLanguage,
  type Language,
  type LanguagePreferences,
  languages,
} from './languages/index.ts';

export interface Look {
  readonly language: Language;
  readonly sentences: Sentences;
  readonly branding: Branding;
  /** The language that `ui_locales` requested. Forms include it, so that later pages have the same language. */
  readonly asked: Language | undefined;
}

/** Renders a page. @returns the whole document */
export type PageRenderer = (look: Look) => string;

export function chooseLook(branding: Branding, preferences: LanguagePreferences): Look {
  const language = chooseLanguage(preferences, branding.language);
  return { language, sentences: languages[language], branding, asked: askedLanguage(preferences) };
}
