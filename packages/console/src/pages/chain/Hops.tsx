// Draws a chain: the person, and everyone who got a token in turn, joined by lines, with the token of each.
import { Badge, Text } from '@mantine/core';
import { AppWindow, Bot, CircleHelp, type LucideIcon, User } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Facts } from '../../shared/Page.tsx';
import { PageLink } from '../../shared/PageLink.tsx';
import { TimeText } from '../../shared/TimeText.tsx';
import { TokenId } from '../../shared/TokenId.tsx';
import { describeParties, type Hop, hopsOf, type Station, stationsOf, type Token } from './hops.ts';

const COLOURS: Readonly<Record<Token['state'], string>> = {
  active: 'green',
  expired: 'gray',
  revoked: 'red',
  suspended: 'orange',
  unknown: 'gray',
};

export const State = ({ token: { state } }: { readonly token: Token }): ReactNode => (
  <Badge variant="light" color={COLOURS[state]}>
    {state}
  </Badge>
);

/** What the token is, by the names of the protocol. */
const kindOf = ({ source, type, grant }: Token): string => {
  if (source === 'agreement') return 'what the person agreed to';
  const kind = type ?? 'token';
  if (source === 'presented') return `${kind} from elsewhere`;
  return grant ? `${kind} by ${grant}` : kind;
};

interface HopsProps {
  readonly token: Token;
  /** The nearest first. */
  readonly ancestors: readonly Token[];
}

export function Hops({ token, ancestors }: HopsProps): ReactNode {
  const list = useRef<HTMLOListElement>(null);
  const hops = hopsOf(token, ancestors);
  const { subject } = hops.find((hop) => hop.token.subject !== undefined)?.token ?? {};
  // The token that was asked for is the last one. Beside many others it would be out of view.
  useEffect(() => {
    list.current?.scrollTo({ left: list.current.scrollWidth });
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: many hops are scrolled sideways, also by keyboard
    <ol ref={list} className="hops" aria-label="Hops, the first token first" tabIndex={0}>
      {subject !== undefined && (
        <li className="hop">
          <Holder Icon={User} name={subject.sub} what={`subject, of ${subject.iss}`} />
        </li>
      )}
      {stationsOf(hops).map(({ kind, name, hops: own }) => (
        <li key={own[0].token.id} className="hop" data-state={own.at(-1)?.token.state}>
          <Holder {...HOLDERS[kind]} name={name} />
          {own.map((hop) => (
            <section
              key={hop.token.id}
              className="hop-token"
              aria-label={`Token ${hop.token.id}`}
              aria-current={hop.token.id === token.id || undefined}
            >
              <HopCard hop={hop} isShown={hop.token.id === token.id} />
            </section>
          ))}
        </li>
      ))}
    </ol>
  );
}

interface HolderProps {
  readonly Icon: LucideIcon;
  readonly name: string;
  readonly what: string;
}

const Holder = ({ Icon, name, what }: HolderProps): ReactNode => (
  <div className="hop-holder">
    <Icon size={18} aria-hidden="true" />
    <span>
      <strong>{name}</strong>
      <span>{what}</span>
    </span>
  </div>
);

const HOLDERS: Readonly<Record<Station['kind'], Pick<HolderProps, 'Icon' | 'what'>>> = {
  actor: { Icon: Bot, what: 'actor' },
  client: { Icon: AppWindow, what: 'client' },
  issuer: { Icon: AppWindow, what: 'issuer of the token' },
  nobody: { Icon: CircleHelp, what: 'the row names nobody' },
};

function HopCard({
  hop: { token, beside, dropped },
  isShown,
}: {
  readonly hop: Hop;
  readonly isShown: boolean;
}): ReactNode {
  const { id, why, rule, audiences = [], expiresAt, requestId, revokedBy } = token;
  return (
    <>
      <div className="hop-head">
        <strong>{describeParties(token)}</strong>
        <State token={token} />
      </div>
      <Text size="sm" c="dimmed">
        {kindOf(token)}
      </Text>
      {why !== undefined && <Text size="sm">{why}</Text>}
      {revokedBy !== undefined && (
        <Text size="sm">
          <TokenLink id={revokedBy} words="the revoked token" />
        </Text>
      )}
      <Facts
        of={{
          Token: <TokenId id={id} />,
          Target: audiences.join(' ') || undefined,
          Scope: <Scope token={token} dropped={dropped} />,
          Rule: rule && (
            <PageLink to="policy" state={{ rule }}>
              {rule}
            </PageLink>
          ),
          'Life left': expiresAt && <LifeLeft token={token} />,
          ...Object.fromEntries(
            beside.map(({ id: other, as }) => [`By the ${as}`, <TokenLink key={other} id={other} words="its token" />]),
          ),
        }}
      />
      <div className="hop-links">
        <PageLink to="audit" state={{ request: requestId }}>
          audit row
        </PageLink>
        {!isShown && <TokenLink id={id} words="its chain" />}
      </div>
    </>
  );
}

export const TokenLink = ({ id, words }: { readonly id: string; readonly words: string }): ReactNode => (
  <PageLink to="chain" state={{ token: id }}>
    {words}
  </PageLink>
);

const LifeLeft = ({ token: { state, expiresAt = '' } }: { readonly token: Token }): ReactNode =>
  state === 'active' || state === 'suspended' ? (
    <>
      ends <TimeText at={expiresAt} />
    </>
  ) : (
    <>
      none; it {state === 'expired' ? 'ended' : 'would end'} <TimeText at={expiresAt} />
    </>
  );

/** The scopes, and those that the hop before had and this one lacks. */
const Scope = ({
  token: { scope },
  dropped,
}: {
  readonly token: Token;
  readonly dropped: readonly string[];
}): ReactNode => (
  <span className="scopes">
    {scope === undefined ? 'not limited' : scope.length === 0 && dropped.length === 0 ? 'none' : scope.join(' ')}
    {dropped.map((one) => (
      <del key={one} title="The hop before had it">
        {one}
      </del>
    ))}
  </span>
);
