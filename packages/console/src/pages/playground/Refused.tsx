// Says why the server could not decide what was asked: a fault of the request to the admin API, or of the draft.
import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ApiFailure } from '../../api/client.ts';
import { TokenId } from '../../shared/TokenId.tsx';

interface RefusedProps {
  readonly error: ApiFailure;
  readonly title: string;
}

export const Refused = ({ error: { message, problem }, title }: RefusedProps): ReactNode => (
  <Alert color="orange" role="alert" title={title} className="pg-wrap">
    {problem.errors === undefined ? (
      (problem.detail ?? message)
    ) : (
      <ul className="pg-faults">
        {problem.errors.map(({ at, detail }) => (
          <li key={at + detail}>
            {at.replace(/^body\.?/, '')} {detail}
          </li>
        ))}
      </ul>
    )}
    {problem.request_id !== undefined && (
      <div>
        Request <TokenId id={problem.request_id} />
      </div>
    )}
  </Alert>
);
