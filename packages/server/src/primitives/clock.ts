// The source of time. Every part that needs the time gets it injected.

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** The time as a NumericDate (RFC 7519 section 2), in whole seconds. */
export const seconds = (clock: Clock): number => Math.floor(clock() / 1000);

/** How far our clock and the clock of another machine may disagree, unless the entry of an issuer says otherwise. */
export const LEEWAY_SECONDS = 30;
/** The largest leeway that an entry may have. */
export const MAX_LEEWAY_SECONDS = 120;
