// A text to copy: a program, a request, a file. It scrolls within itself.
import type { ReactNode } from 'react';
import { CopyText } from './TokenId.tsx';

interface CodeBlockProps {
  readonly text: string;
  /** What is copied, for screen readers: `the code`. */
  readonly what: string;
}

export const CodeBlock = ({ text, what }: CodeBlockProps): ReactNode => (
  <div className="code-block">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it */}
    <figure tabIndex={0} aria-label={what.replace(/^the /, '')}>
      <pre>{text}</pre>
    </figure>
    <CopyText text={text} what={what} />
  </div>
);
