// npm run attacks -- --against FILE: runs the portable rows against the token endpoint of an adapter file.
import { rows } from '../row.ts';
import { portable } from './cases.ts';
import { createPeer, type Peer, readAdapter } from './peer.ts';

export type PeerVerdict = { readonly held: number } | { readonly broken: string } | { readonly because: string };

/** @param only ids or their beginnings; undefined: all */
export async function tryPeer(
  peer: Peer,
  only?: readonly string[],
): Promise<readonly { readonly id: string; readonly verdict: PeerVerdict }[]> {
  const ids = Object.keys(portable).filter((id) => only?.some((start) => id.startsWith(start)) ?? true);
  const verdicts = [];
  for (const id of ids) verdicts.push({ id, verdict: await tryRow(peer, id) });
  return verdicts;
}

async function tryRow(peer: Peer, id: string): Promise<PeerVerdict> {
  const row = portable[id];
  const missing = row?.needs.filter((name) => peer[name] === undefined);
  if (row === undefined || missing === undefined) throw new Error(`${id} is not portable`);
  if (missing.length > 0) return { because: `the adapter has no ${missing.join(' and no ')}` };
  try {
    const control = await row.twin(peer);
    if (control.status !== 200)
      return { because: `its twin is refused: ${control.status} ${control.text.slice(0, 120)}` };
    const answers = await row.attacks(peer);
    const granted = answers.filter(({ answer }) => !peer.refuses(answer));
    if (granted.length === 0) return { held: answers.length };
    return { broken: granted.map(({ what, answer }) => `${what}: ${answer.status}`).join('; ') };
  } catch (error) {
    return { because: error instanceof Error ? error.message : String(error) };
  }
}

/** Prints a line for each row. @returns the exit code: 1 if an attack succeeded */
export async function attackPeer(file: string, only?: readonly string[]): Promise<number> {
  const verdicts = await tryPeer(createPeer(readAdapter(file)), only);
  for (const { id, verdict } of verdicts) {
    const [word, said] =
      'held' in verdict
        ? ['held', `${verdict.held} attempts`]
        : 'broken' in verdict
          ? ['BROKEN', verdict.broken]
          : ['not tried', verdict.because];
    console.log(`${id.padEnd(5)}${word.padEnd(11)}${rows.find((row) => row.id === id)?.input ?? ''}\n     ${said}`);
  }
  return verdicts.some(({ verdict }) => 'broken' in verdict) ? 1 : 0;
}
