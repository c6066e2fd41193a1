import { join } from 'node:path';
import { cambio, paths } from './cambio.ts';
import type { Contender } from './contender.ts';

const HOOK = join(import.meta.dirname, '../unaudited/hook.ts');

export const cambioUnaudited = {
  name: 'cambio-unaudited',
  title: 'the same with its audit log replaced by one that does nothing: only here, to tell what the audit costs',
  offers: ['cold'],
  paths,
  command: async (place) => ['--import', HOOK, ...cambio.command(place)],
} as const satisfies Contender;
