// Shows how fresh everything is on which this node depends: keys of issuers, signing keys, the proof of the audit, other nodes.
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { components } from '../../api/admin-api.ts';
import { api, read } from '../../api/client.ts';
import { countOf, formatNumber } from '../../shared/numbers.ts';
import { Panel } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { TimeText } from '../../shared/TimeText.tsx';

type Status = components['answers']['status'];

const REFRESH_MS = 10_000;
/** The index and the counts follow within a second. Fewer rows than this are not worth a word. */
const NOTABLE_ROWS = 1000;

export const Freshness = ({ status }: { readonly status: Status }): ReactNode => (
  <div className="side-by-side">
    <Issuers issuers={status.issuers} />
    <Signing keys={status.keys} />
    <Audit audit={status.audit} />
    <Nodes databaseMs={status.databaseMs} />
  </div>
);

function Issuers({ issuers }: Pick<Status, 'issuers'>): ReactNode {
  if (issuers.length === 0)
    return (
      <Panel title="Keys of issuers">
        <Text>No other issuer is trusted: only tokens of this server are exchanged.</Text>
      </Panel>
    );
  return (
    <Panel title="Keys of issuers">
      <ul className="lines">
        {issuers.map(({ issuer, name, keys, fetchedAt, failure }) => (
          <li key={issuer}>
            <PageLink to="directory" state={{ kind: 'issuers', name }}>
              {name}
            </PageLink>
            {': '}
            {fetchedAt === undefined ? (
              keys.length === 0 ? (
                failure === undefined && 'no token has needed its keys yet'
              ) : (
                `${countOf(keys.length, 'key')}, in the configuration file`
              )
            ) : (
              <>
                {countOf(keys.length, 'key')}, fetched <TimeText at={fetchedAt} />
              </>
            )}
            {failure !== undefined && (
              <Text span className="failed">
                {' '}
                The last fetch failed <TimeText at={failure.at} />: {failure.why}
              </Text>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const Signing = ({ keys }: Pick<Status, 'keys'>): ReactNode => (
  <Panel title="Signing keys">
    <ul className="lines">
      {keys
        .filter(({ state }) => state === 'active')
        .map(({ kid, alg, replacedAt }) => (
          <li key={kid}>
            <PageLink to="keys">{alg}</PageLink>
            {replacedAt === undefined ? (
              ' signs.'
            ) : (
              <>
                : the next key signs <TimeText at={replacedAt} />.
              </>
            )}
          </li>
        ))}
    </ul>
  </Panel>
);

function Audit({ audit: { proof, last, indexedUpTo } }: Pick<Status, 'audit'>): ReactNode {
  const behind = last.position - indexedUpTo.position;
  return (
    <Panel title="Proof of the audit">
      {proof === undefined ? (
        <Text>No row is signed yet.</Text>
      ) : proof.problem !== undefined ? (
        <Text className="failed">
          {proof.problem} Run <code>cambio audit verify</code>, which checks every row.
        </Text>
      ) : (
        <Text>
          Verified up to row {formatNumber(proof.position)} of {formatNumber(last.position)}, signed{' '}
          <TimeText at={proof.signedAt} />.
        </Text>
      )}
      {behind >= NOTABLE_ROWS && (
        <Text>The index is {countOf(behind, 'row')} behind. Searches say how far they went.</Text>
      )}
    </Panel>
  );
}

const DIGEST_CHARACTERS = 12;

function Nodes({ databaseMs }: Pick<Status, 'databaseMs'>): ReactNode {
  const { data } = useQuery({
    queryKey: ['nodes'],
    queryFn: ({ signal }) => read(api.GET('/nodes', { params: { query: {} }, signal })),
    refetchInterval: REFRESH_MS,
  });
  const items = data?.items ?? [];
  const digests = new Set(items.map(({ digest }) => digest));
  const versions = [...new Set(items.map(({ version = 'an earlier version' }) => version))];
  const [digest] = digests;
  return (
    <Panel title="Nodes">
      {data !== undefined && (
        <Text>
          <PageLink to="settings">
            {countOf(items.length, 'node')}
            {data.next !== undefined && ' or more'}
          </PageLink>
          , version {versions.join(' and ')}
          {digests.size > 1 ? (
            <Text span className="failed">
              : they have different configurations in force.
            </Text>
          ) : (
            digest !== undefined && <>, with the configuration {digest.slice(0, DIGEST_CHARACTERS)}.</>
          )}
        </Text>
      )}
      <Text>The database answered in {databaseMs} ms.</Text>
    </Panel>
  );
}
