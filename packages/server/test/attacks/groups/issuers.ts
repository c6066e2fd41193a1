// X: may an issuer, or whoever passes for one, make us believe, fetch, hold or wait for what we should not?
import { group } from '../group.ts';
import { answers } from '../issuers/answers.ts';
import { names } from '../issuers/names.ts';
import { time } from '../issuers/time.ts';
import { trust } from '../issuers/trust.ts';
import { open } from '../issuers/world.ts';

export const issuers = group('X', 'issuers.ts', open, { ...trust, ...names, ...answers, ...time });
