// N: flaws of other token exchange servers that were published in 2026. Each is tried here.
import { group } from '../../group.ts';
import { open, published } from './flaws.ts';

export const publishedFlaws = group('N', 'published', open, published);
