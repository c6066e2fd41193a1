// Reads the configuration again, for a server that runs: what is invalid changes nothing, and unusable renewed files are ignored.
import type { ReadingOrigin, RunningServer } from '../app.ts';
import type { BrokenRenewal, Configuration } from '../config/configuration.ts';
import { ConfigurationError, formatFault } from '../config/fault.ts';
import { createInputs, type Inputs } from '../config/inputs.ts';
import { loadOnce, loadTested } from '../config/load.ts';
import { textDigest } from '../config/text-digest.ts';
import type { Report } from '../primitives/log.ts';

const INFO = { level: 'info' } as const;
const WARN = { level: 'warn' } as const;

/** A configuration, and what it was read from. */
export interface FirstReading {
  readonly inputs: Inputs;
  readonly configuration: Configuration;
}

/** @param first the configuration in force @returns what `watchInputs` needs */
export function createReload(
  file: string,
  first: FirstReading,
  { server, report }: { readonly server: RunningServer; readonly report: Report },
) {
  /** What the configuration in force was read from. */
  let inForce = first.inputs;
  let digest = textDigest(first.configuration);
  let refused: string | undefined;
  const reportBroken = createBrokenReport(report);
  const reportRenewed = ({ renewed }: Configuration): void => {
    // A sealing key needs a restart, which the server says.
    for (const entry of renewed) if (!entry.startsWith('sealingKey')) report(`${entry}: renewed`, INFO);
  };

  const refuse = async (error: Error, origin: ReadingOrigin): Promise<void> => {
    if (error.message !== refused) {
      refused = error.message;
      report(error.message);
      report(`${file}: invalid; keeping the previous configuration`);
    }
    await server.refuseFile(error, origin);
  };

  /** Renewed secrets and certificates do not wait until an invalid file is corrected. */
  const renewOnly = async (inputs: Inputs): Promise<void> => {
    const renewing = { ...inputs, ...inForce.repeat(), repeat: inForce.repeat };
    const configuration = await loadOnce(file, process.env, renewing).catch(() => undefined);
    // A change is read soon.
    if (configuration === undefined || inputs.findChange() !== undefined) return;
    reportBroken(configuration.broken);
    if (configuration.renewed.length === 0) return server.keepFiles(configuration.broken);
    inForce = renewing;
    await server.renew(configuration, { cause: 'file', file, read: renewing.digest() }).catch(() => undefined);
    reportRenewed(configuration);
  };

  const reload = async (configuration: Configuration, origin: ReadingOrigin, changed?: string): Promise<void> => {
    const { warnings, renewed, broken } = configuration;
    const isOtherwiseSame = refused === undefined && renewed.length === 0 && textDigest(configuration) === digest;
    if (broken.length > 0 && isOtherwiseSame) return server.keepFiles(broken);
    for (const warning of warnings) report(formatFault(file, warning), WARN);
    const unchanged = await server.reload(configuration, origin);
    for (const key of unchanged) report(`${file}: ${key} changed; restart the server to apply it`, WARN);
    reportRenewed(configuration);
    report(`cambio read ${file} again${changed === undefined ? '' : `: ${describeChanged(changed)} changed`}`, INFO);
  };

  return {
    begin: () => createInputs(file, inForce.toNext()),
    take: async (inputs: Inputs, cause: 'file' | 'signal'): Promise<void> => {
      const originOf = (): ReadingOrigin => ({ cause, file, read: inputs.digest() });
      const changed = inForce.findChange();
      const loading = loadTested(file, process.env, inputs);
      const configuration = await loading.catch((error) => refuse(error, originOf()));
      if (configuration === undefined) return renewOnly(inputs);
      reportBroken(configuration.broken);
      try {
        await reload(configuration, originOf(), changed);
      } catch (error) {
        // If the database fails, the server reports it and retries by itself.
        if (error instanceof ConfigurationError) {
          await refuse(error, originOf());
          await renewOnly(inputs);
          // The conflicting registered client may be deleted: throw, so that the file is tried again.
          throw error;
        }
      }
      inForce = inputs;
      digest = textDigest(configuration);
      refused = undefined;
    },
  };
}

/** @param changed as `findChange` of inputs names it */
const describeChanged = (changed: string): string => (changed === 'include' ? 'the list of included files' : changed);

/** @returns a function that reports each broken renewal once */
function createBrokenReport(report: Report): (broken: readonly BrokenRenewal[]) => void {
  let known: readonly string[] = [];
  return (broken) => {
    const lines = broken.map(({ entry, message }) => `${entry}: ${message} Its previous content stays in force.`);
    for (const line of lines) if (!known.includes(line)) report(line);
    known = lines;
  };
}
