// What can be typed? The list of commands.
import { check } from './check.ts';
import type { CliCommand } from './command.ts';
import { serve } from './serve.ts';

export const commands = [serve, check] as const satisfies readonly CliCommand[];
