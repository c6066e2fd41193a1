// Runs a server in a process of its own with a clock that the harness sets.
import { loadConfiguration, startServer } from '../../src/app.ts';

/** At `since` (milliseconds since 1970 by the clock of the machine) the time is `told`, and passes `speed` times as fast. */
export interface Setting {
  readonly since: number;
  readonly told: number;
  readonly speed: number;
}

export const timeOf = ({ since, told, speed }: Setting): number => Math.floor(told + (Date.now() - since) * speed);

const [file, first] = process.argv.slice(2);
if (file !== undefined && first !== undefined && process.send !== undefined) {
  let setting: Setting = JSON.parse(first);
  process.on('message', (told: Setting) => {
    setting = told;
    process.send?.('set');
  });
  process.on('disconnect', () => process.exit());
  const configuration = await loadConfiguration(file, process.env);
  await startServer(configuration, { clock: () => timeOf(setting), report: () => undefined });
  process.send('ready');
}
