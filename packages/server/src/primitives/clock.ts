// What time is it? The one source of time; everything that asks gets it injected.

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** The NumericDate of RFC 7519 section 2, in whole seconds. */
export const seconds = (clock: Clock): number => Math.floor(clock() / 1000);

/** How far our clock and that of somebody else may disagree, in seconds. */
export const LEEWAY_SECONDS = 30;
