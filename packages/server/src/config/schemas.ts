// Describes the configuration file and its expressions, for completion in an editor.
import { signatures } from '../expression/functions.ts';
import { macros } from '../expression/macros.ts';
import type { Schemas } from '../http/admin/administration.ts';
import { conditionVariables } from '../policy/facts.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { configurationSchema, includedFileSchema } from './json-schema.ts';

export const describeSchemas = (): Schemas => ({
  configuration: configurationSchema() as JsonObject,
  included: includedFileSchema() as JsonObject,
  expressions: { variables: conditionVariables, functions: signatures, macros },
});
