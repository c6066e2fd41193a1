// For Deno and Bun.
import process from 'node:process';
import { exchange } from './exchange.js';

console.log(JSON.stringify(await exchange(JSON.parse(process.env.INPUT))));
