// How does a page look and speak for one request? Pages are drawn when they are sent: only then is all of that known.
import type { Branding } from './branding.ts';
import type { Sentences } from './languages/english.ts';
import { askedLanguage, chooseLanguage, type Language, type LanguageWishes, languages } from './languages/index.ts';

export interface Look {
  readonly language: Language;
  readonly sentences: Sentences;
  readonly branding: Branding;
  /** The language that `ui_locales` asked for. Forms carry it, so that the pages that follow speak the same language. */
  readonly asked: Language | undefined;
}

/** A page that is not drawn yet. @returns the whole document */
export type Drawing = (look: Look) => string;

export function chooseLook(branding: Branding, wishes: LanguageWishes): Look {
  const language = chooseLanguage(wishes, branding.language);
  return { language, sentences: languages[language], branding, asked: askedLanguage(wishes) };
}
