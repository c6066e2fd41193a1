// Keeps tokens until shortly before they expire, and lets requests for the same token share one exchange.
import { orAbort } from './deadline.ts';
import type { Token } from './token.ts';

/** A clock on the wall, which may jump, and one that only goes forward. Milliseconds. */
export interface Clocks {
  readonly now: () => number;
  readonly elapsed: () => number;
}

/** The digests of the tokens that an exchange sent: `forget` finds it by them. */
export type Parties = readonly string[];

export interface Lookup {
  readonly key: string;
  readonly parties: Parties;
  /** When the tokens that are sent expire, as far as they say. */
  readonly ends: readonly number[];
  /** Called if another caller has begun the exchange. */
  readonly onShared?: () => void;
}

interface Entry {
  readonly token: Token;
  readonly parties: Parties;
  readonly from: number;
  readonly until: number;
  readonly elapsedUntil: number;
  /** Since it was last considered for eviction. */
  isUsed: boolean;
}

interface Flight {
  readonly promise: Promise<Token>;
  readonly abort: () => void;
  readonly parties: Parties;
  waiting: number;
  isSettled: boolean;
}

/** @param controller ends the work */
type Work<Result = Token> = (controller: AbortController) => Promise<Result>;

const MIN_MARGIN_MS = 15_000;
const MARGIN_SHARE = 0.1;
const SWEEP_MS = 60_000;

export class TokenCache {
  readonly #max: number;
  readonly #clocks: Clocks;
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new Map<string, Flight>();
  #sweepAt = 0;

  /** @param max number of tokens; 0 keeps none, and still lets requests share an exchange */
  constructor(max: number, clocks: Clocks) {
    this.#max = max;
    this.#clocks = clocks;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Token | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#isUsable(entry)) {
      entry.isUsed = true;
      return entry.token;
    }
    this.#entries.delete(key);
    return undefined;
  }

  /** A wall clock that jumps back must not lengthen the life of a token, and one that jumps forward ends it early. */
  #isUsable({ from, until, elapsedUntil }: Entry): boolean {
    const now = this.#clocks.now();
    return from <= now && now < until && this.#clocks.elapsed() < elapsedUntil;
  }

  /**
   * Waits for the exchange under way, or begins it. A caller that aborts leaves the others waiting; the last one ends the exchange.
   * A failure reaches all who wait, and is not kept.
   */
  async share(lookup: Lookup, work: Work, signal?: AbortSignal): Promise<Token> {
    signal?.throwIfAborted();
    const kept = this.get(lookup.key);
    if (kept !== undefined) return kept;
    const known = this.#flights.get(lookup.key);
    if (known !== undefined) lookup.onShared?.();
    const flight = known ?? this.#begin(lookup, work);
    const token = await this.#wait(lookup.key, flight, signal);
    if (known === undefined || token.shareable) return token;
    // The server issued what only one caller may have.
    return alone(work, signal);
  }

  #begin(lookup: Lookup, work: Work): Flight {
    const { key, parties } = lookup;
    const controller = new AbortController();
    const begun = { now: this.#clocks.now(), elapsed: this.#clocks.elapsed() };
    const promise = work(controller).then(
      (token) => {
        if (this.#end(key, flight)) this.#keep(lookup, token, begun);
        return token;
      },
      (error) => {
        this.#end(key, flight);
        throw error;
      },
    );
    // Everybody who waits may have left.
    promise.catch(() => undefined);
    const flight: Flight = { promise, parties, waiting: 0, isSettled: false, abort: () => controller.abort() };
    this.#flights.set(key, flight);
    return flight;
  }

  /** @returns false if it was forgotten meanwhile */
  #end(key: string, flight: Flight): boolean {
    flight.isSettled = true;
    return this.#flights.get(key) === flight && this.#flights.delete(key);
  }

  async #wait(key: string, flight: Flight, signal: AbortSignal | undefined): Promise<Token> {
    flight.waiting++;
    try {
      return await (signal === undefined ? flight.promise : orAbort(() => flight.promise, signal));
    } finally {
      flight.waiting--;
      if (flight.waiting === 0 && !flight.isSettled) {
        this.#end(key, flight);
        flight.abort();
      }
    }
  }

  #keep({ key, parties, ends }: Lookup, token: Token, begun: { now: number; elapsed: number }): void {
    if (this.#max === 0 || !token.shareable || token.expiresAt === undefined) return;
    const life = Math.min(token.expiresAt, ...ends) - begun.now;
    const lifeMs = life - Math.max(MIN_MARGIN_MS, life * MARGIN_SHARE);
    if (!(lifeMs > 0)) return;
    this.#sweep(begun.now);
    this.#entries.delete(key);
    if (this.#entries.size >= this.#max) this.#evict();
    this.#entries.set(key, {
      token,
      parties,
      from: begun.now,
      until: begun.now + lifeMs,
      elapsedUntil: begun.elapsed + lifeMs,
      isUsed: false,
    });
  }

  /** The oldest that was not used leaves; one that was gets another turn. To move each token when it is used costs more than its hash. */
  #evict(): void {
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      if (!entry.isUsed) return;
      entry.isUsed = false;
      this.#entries.set(key, entry);
    }
  }

  /** Tokens that nobody asks for again do not stay in memory. */
  #sweep(now: number): void {
    if (Math.abs(now - this.#sweepAt) < SWEEP_MS) return;
    this.#sweepAt = now;
    for (const [key, entry] of this.#entries) if (!this.#isUsable(entry)) this.#entries.delete(key);
  }

  /** Forgets one entry, unless it has another token by now: somebody else was faster. */
  drop(key: string, { token }: Token): void {
    if (this.#entries.get(key)?.token.token === token) this.#entries.delete(key);
  }

  /** Forgets tokens, and all that was or is being exchanged for them. @returns the texts of what was forgotten */
  forget(tokens: readonly string[], digests: readonly string[]): readonly string[] {
    const [texts, names, forgotten] = [new Set(tokens), new Set(digests), [] as string[]];
    const isOf = (parties: Parties): boolean => parties.some((party) => names.has(party));
    for (const [key, { parties, token }] of this.#entries)
      if ((isOf(parties) || texts.has(token.token)) && this.#entries.delete(key)) forgotten.push(token.token);
    for (const [key, { parties }] of this.#flights) if (isOf(parties)) this.#flights.delete(key);
    return forgotten;
  }
}

/** Work of one caller. @throws the reason of the signal */
export async function alone<Result>(work: Work<Result>, signal?: AbortSignal): Promise<Result> {
  const controller = new AbortController();
  if (signal === undefined) return work(controller);
  signal.throwIfAborted();
  const leave = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await orAbort(() => work(controller), signal);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
