// Formats a number of things.

/** @param what the noun for one of them */
export const countOf = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
