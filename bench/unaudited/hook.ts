// Replaces the server's audit log by the one in this folder.
import { registerHooks } from 'node:module';

const LOG = new URL('../../packages/server/src/audit/log.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url === LOG ? { ...found, url: new URL('log.ts', import.meta.url).href } : found;
  },
});
