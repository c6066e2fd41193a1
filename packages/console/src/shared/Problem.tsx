// Says why the server refused a request to the admin API: the faults that it found, or its sentence, and the id of the request.
import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiFailure } from '../api/client.ts';
import { TokenId } from './TokenId.tsx';

interface ProblemProps {
  readonly error: Error;
  /** What was not done. By default, the title of the answer. */
  readonly title?: string;
  /** Nothing has failed: what was asked for is not there. */
  readonly isUnknown?: boolean;
}

export function Problem({ error, title = error.message, isUnknown = false }: ProblemProps): ReactNode {
  const { detail, errors, request_id: id } = error instanceof ApiFailure ? error.problem : {};
  return (
    <Alert color={isUnknown ? 'orange' : 'red'} role="alert" title={title} className="problem">
      {errors === undefined ? (
        (detail ?? (title === error.message ? undefined : error.message))
      ) : (
        <ul>
          {errors.map(({ at, detail: fault }) => (
            <li key={at + fault}>
              {at.replace(/^(?:body|query|path)\.?/, '')} {fault}
            </li>
          ))}
        </ul>
      )}
      {id !== undefined && (
        <div>
          Request <TokenId id={id} />
        </div>
      )}
    </Alert>
  );
}
