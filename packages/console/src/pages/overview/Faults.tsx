// Says what to repair, or that there is nothing to repair.
import { Alert, Text } from '@mantine/core';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { components } from '../../api/admin-api.ts';
import { TimeText } from '../../shared/TimeText.tsx';

type Fault = components['answers']['status']['faults'][number];

export const Faults = ({ faults }: { readonly faults: readonly Fault[] }): ReactNode => (
  <div className="faults" role="status">
    {faults.length === 0 && (
      <p className="all-well">
        <CircleCheck size={18} aria-hidden="true" /> This node serves requests, and has nothing to repair.
      </p>
    )}
    {faults.map((fault) => (
      <Alert
        key={fault.kind}
        variant="outline"
        color={fault.serves ? 'orange' : 'red'}
        icon={<TriangleAlert size={18} aria-hidden="true" />}
        title={titleOf(fault)}
      >
        {fault.details.map((text) => (
          <Text key={text} size="sm">
            {text}
          </Text>
        ))}
        {fault.since !== undefined && (
          <Text size="sm">
            It began <TimeText at={fault.since} />.
          </Text>
        )}
      </Alert>
    ))}
  </div>
);

/** The kind is a reason of /readyz, `configuration_file`, as logs and probes have it. */
const titleOf = ({ kind, serves }: Fault): string => (serves ? kind : `${kind}: this node serves no requests`);
