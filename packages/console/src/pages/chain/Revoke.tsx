// Revokes a token, after it has said what will end.
import { Button, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Ban } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api, read } from '../../api/client.ts';
import { countOf, formatNumber } from '../../shared/numbers.ts';
import { Confirm } from '../../shared/overlays.tsx';
import { Problem } from '../../shared/Problem.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import { type Family, readFamily } from './Descendants.tsx';
import { describeParties, type Token } from './hops.ts';

export function Revoke({ token }: { readonly token: Token }): ReactNode {
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  // The numbers are counted when the person asks, not when the page was opened.
  const family = useMutation({ mutationFn: () => readFamily(token.id), onSuccess: () => setOpen(true) });
  const revoke = async (): Promise<void> => {
    await read(api.POST('/revocations', { body: { id: token.id } }));
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['token'] }),
      queries.invalidateQueries({ queryKey: ['descendants'] }),
    ]);
  };
  const ends = (family.data?.living ?? 0) + (isEnded(token) ? 0 : 1);
  return (
    <>
      {family.error !== null && (
        <Problem error={family.error} title="The tokens that derive from it could not be counted" />
      )}
      <Button
        color="red"
        variant="light"
        leftSection={<Ban size={16} aria-hidden="true" />}
        loading={family.isPending}
        onClick={() => family.mutate()}
      >
        Revoke
      </Button>
      <Confirm
        title="Revoke the token"
        action={`Revoke ${countOf(ends, 'token')}`}
        isDangerous
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        onConfirm={revoke}
      >
        {family.data && <WhatEnds token={token} family={family.data} />}
      </Confirm>
    </>
  );
}

const isEnded = ({ state }: Token): boolean => state === 'expired' || state === 'revoked';

interface WhatEndsProps {
  readonly token: Token;
  readonly family: Family;
}

function WhatEnds({ token, family }: WhatEndsProps): ReactNode {
  const { living, count, complete, items, next } = family;
  const alive = items.filter((one) => !isEnded(one));
  const last = [token, ...alive]
    .flatMap(({ expiresAt }) => expiresAt ?? [])
    .toSorted()
    .at(-1);
  const atLeast = complete ? '' : 'at least ';
  return (
    <Stack gap="sm">
      <Text>
        {isEnded(token) ? 'The token itself has expired: ' : 'This token ends: '}
        {describeParties(token)}.
      </Text>
      {living > 0 ? (
        <>
          <Text>
            With it {atLeast}
            {countOf(living, 'token ends', 'tokens end')}
            {next === undefined ? ':' : ', among them:'}
          </Text>
          <ul className="ends">
            {[...countsOf(alive)].map(([name, number]) => (
              <li key={name}>
                {number} × {name}
              </li>
            ))}
          </ul>
        </>
      ) : (
        <Text>No other valid token derives from it.</Text>
      )}
      {count > living && (
        <Text size="sm" c="dimmed">
          {formatNumber(count - living)} more have expired or were revoked before.
        </Text>
      )}
      <Text size="sm">
        This server refuses them at once, and every node within a second. An API that verifies a JWT without
        introspection accepts it until it expires
        {last !== undefined && (
          <>
            , the last one <TimeText at={last} />
          </>
        )}
        . A revocation cannot be undone.
      </Text>
    </Stack>
  );
}

/** How many tokens there are of each kind, by their parties and targets. */
function countsOf(tokens: readonly Token[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const token of tokens) {
    const target = token.audiences?.join(' ');
    const name = `${describeParties(token)}${target === undefined || target === '' ? '' : ` at ${target}`}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
