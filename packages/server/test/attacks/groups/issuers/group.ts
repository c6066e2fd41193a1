// X: can an issuer, or an impostor, make the server trust, fetch, keep or wait for something that it should not?
import { group } from '../../group.ts';
import { answers } from './answers.ts';
import { kinds } from './kinds.ts';
import { names } from './names.ts';
import { time } from './time.ts';
import { trust } from './trust.ts';
import { open } from './world.ts';

export const issuers = group('X', 'issuers', open, { ...trust, ...names, ...answers, ...time, ...kinds });
