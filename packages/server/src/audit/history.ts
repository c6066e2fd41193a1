// Finds the configurations that were in force: the rows about them, and their kept texts.
import { findConfigurationTexts, listTexts } from '../store/configurations.ts';
import type { Database } from '../store/schema.ts';
import { type ConfigurationContent, listParts, readContent } from './configuration.ts';
import type { AuditEvent } from './event.ts';
import { searchEvents } from './search.ts';

/** The row about the configuration that came into force last, on any node. */
export async function findLastApplied(database: Database): Promise<AuditEvent | undefined> {
  const { found } = await searchEvents(database, { outcome: 'applied' }, { limit: 1 });
  return found[0]?.event;
}

export interface FoundConfiguration {
  readonly digest: string;
  readonly content: ConfigurationContent;
}

/** @returns undefined if the text of the configuration or a part of it is not there */
export async function loadConfigurationContent(
  database: Database,
  digest: string,
): Promise<ConfigurationContent | undefined> {
  const text = (await listTexts(database, [digest])).get(digest);
  return text === undefined ? undefined : readContent(text, await listTexts(database, listParts(text) ?? []));
}

/** @param prefix the beginning of a digest @returns `several` if it begins more than one digest */
export async function findConfiguration(
  database: Database,
  prefix: string,
): Promise<FoundConfiguration | 'several' | undefined> {
  const [first, ...others] = await findConfigurationTexts(database, prefix);
  if (first === undefined) return undefined;
  if (others.length > 0) return 'several';
  const content = await loadConfigurationContent(database, first.digest);
  return content && { digest: first.digest, content };
}
