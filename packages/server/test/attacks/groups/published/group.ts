// N: flaws of other token exchange servers that were published in 2026, tried at this one.
import { group } from '../../group.ts';
import { open, published } from './flaws.ts';

export const publishedFlaws = group('N', 'published', open, published);
