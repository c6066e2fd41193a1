// Which content of a renewed secret or certificate is used? The new one, unless it is unusable: then the one in force.
import type { BrokenRenewal, Renewals, ResolvedConfiguration } from './configuration.ts';
import { asSentence, type Complain, formatPath, type Path } from './fault.ts';
import type { Inputs } from './inputs.ts';
import { resolveConfiguration } from './resolve.ts';
import type { ConfigurationFile } from './schema.ts';
import type { NamedFiles, Surroundings } from './source.ts';

/** Files that are judged together, such as a certificate and its key. */
interface Group {
  readonly path: Path;
  readonly files: Set<string>;
}

/**
 * Resolves a file. Where the new content of a named file is faulty, resolves it again with the content in force.
 * @param value the content of the configuration file, which names the entries
 */
export async function resolveRenewed(
  file: ConfigurationFile,
  value: unknown,
  { inputs, complain, ...around }: Omit<Surroundings, 'inputs'> & { readonly inputs: Inputs },
): Promise<ResolvedConfiguration & Renewals> {
  const groups = new Map<string, Group>();
  let receive: Complain;
  const surroundings: Surroundings = {
    ...around,
    inputs: noting(namedFiles(inputs), groups),
    complain: (...fault) => receive(...fault),
  };
  const broken = new Map<Group, BrokenRenewal>();
  const attempt = async () => {
    inputs.holdBack([...broken.keys()].flatMap(({ files }) => [...files]));
    const complaints: Parameters<Complain>[] = [];
    receive = (...complaint) => void complaints.push(complaint);
    const configuration = await resolveConfiguration(file, surroundings);
    return { configuration, complaints, faults: complaints.filter(([, , severity]) => severity !== 'warning') };
  };
  const first = await attempt();
  let last = first;
  while (last.faults.length > 0) {
    const found = findHeld(last.faults, [...groups.values()], inputs).filter(([group]) => !broken.has(group));
    if (found.length === 0) break;
    for (const [group, [, message]] of found)
      broken.set(group, { entry: formatPath(group.path, value), message: asSentence(message) });
    last = await attempt();
  }
  const isFaulty = last.faults.length > 0;
  receive = complain;
  for (const complaint of (isFaulty ? first : last).complaints) complain(...complaint);
  const renewed = [...groups.values()].filter((group) => !broken.has(group) && isRenewed(group, inputs));
  return {
    ...last.configuration,
    renewed: renewed.map(({ path }) => formatPath(path, value)),
    broken: [...broken.values()],
  };
}

/** Named files without regard to what is in force. */
export const namedFiles = (inputs: Inputs): NamedFiles => ({
  secrets: inputs.secrets,
  read: inputs.readNamed,
  isRenewed: (file) => hasOtherContent(file, inputs),
  recheckAt: inputs.recheckAt,
});

const noting = (files: NamedFiles, groups: Map<string, Group>): NamedFiles => ({
  ...files,
  read: (file, path) => {
    const together = groupOf(path);
    const key = JSON.stringify(together);
    const group = groups.get(key) ?? { path: together, files: new Set() };
    groups.set(key, group);
    group.files.add(file);
    return files.read(file, path);
  },
});

/** The certificate and the key of the server are one group. */
const groupOf = (path: Path): Path => (path[0] === 'server' && path[1] === 'tls' ? path.slice(0, 2) : path);

const startsWith = (path: Path, start: Path): boolean => start.every((key, index) => path[index] === key);

/** @returns the groups with a fault whose files were all usable before, each with its first fault */
const findHeld = (faults: readonly Parameters<Complain>[], groups: readonly Group[], inputs: Inputs) =>
  groups.flatMap((group) => {
    const fault = faults.find(([path]) => startsWith(path, group.path));
    const files = [...group.files];
    return fault !== undefined && isRenewed(group, inputs) && files.every((file) => inputs.inForce(file) !== undefined)
      ? [[group, fault] as const]
      : [];
  });

const isRenewed = ({ files }: Group, inputs: Inputs): boolean =>
  [...files].some((file) => hasOtherContent(file, inputs));

/** Was there a content before, and is it another one? An unreadable file has another one. */
function hasOtherContent(file: string, inputs: Inputs): boolean {
  const before = inputs.inForce(file);
  return before !== undefined && inputs.used(file)?.equals(before) !== true;
}
