// The sign of Cambio, as on the sign-in pages.
import type { ReactNode } from 'react';

export const Mark = ({ size = 40 }: { readonly size?: number }): ReactNode => (
  <svg className="mark" viewBox="0 0 40 40" width={size} height={size} aria-hidden="true">
    <path d="M5 14h28m-8-8 8 8-8 8" opacity=".5" />
    <path d="M35 26H7m8-8-8 8 8 8" />
  </svg>
);
