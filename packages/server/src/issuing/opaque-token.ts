// An opaque access token: random text with a prefix that scanners of leaked secrets can find; only its hash is kept.
import { newSecret } from '../primitives/random.ts';

const PREFIX = 'cambio_at_';

export const newOpaqueToken = (): string => PREFIX + newSecret();
export const isOpaqueToken = (text: string): boolean => text.startsWith(PREFIX);
