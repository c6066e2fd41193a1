// The id of a token or of a request, shortened, with a button that copies it.
import { ActionIcon, CopyButton } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import type { ReactNode } from 'react';

const SHOWN_CHARACTERS = 10;

interface TokenIdProps {
  readonly id: string;
  /** Shows all of it. */
  readonly whole?: boolean;
}

export const TokenId = ({ id, whole = false }: TokenIdProps): ReactNode => (
  <span className={whole ? 'token-id whole' : 'token-id'}>
    <span title={id}>{whole || id.length <= SHOWN_CHARACTERS + 2 ? id : `${id.slice(0, SHOWN_CHARACTERS)}…`}</span>
    <CopyText text={id} what="the id" />
  </span>
);

/** @param what is copied, for screen readers: `the command` */
export const CopyText = ({ text, what }: { readonly text: string; readonly what: string }): ReactNode => (
  <CopyButton value={text}>
    {({ copied, copy }) => (
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={copied ? 'Copied' : `Copy ${what}`}
        onClick={(event) => {
          event.stopPropagation();
          copy();
        }}
      >
        {copied ? <Check size={14} /> : <Copy size={14} />}
      </ActionIcon>
    )}
  </CopyButton>
);
