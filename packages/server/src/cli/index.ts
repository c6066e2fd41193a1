// What can be typed? The list of commands.
import { check } from './check.ts';
import type { CliCommand } from './command.ts';
import { demo } from './demo.ts';
import { serve } from './serve.ts';

export const commands = [serve, check, demo] as const satisfies readonly CliCommand[];
