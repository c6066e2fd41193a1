// Starts the console: the style sheets, and the application in the page.
import './frame/clean-address.ts';
import '@mantine/core/styles.css';
import 'virtual:theme.css';
import './frame/frame.css';
import './shared/shared.css';
import { createRoot } from 'react-dom/client';
import { ApiFailure } from './api/client.ts';
import { App } from './frame/App.tsx';
import { SignInFailure } from './session/session.ts';

const root = document.getElementById('root');
/** A refusal that a page shows is not a fault of the console. */
const reportCaught = (error: unknown): void => {
  if (!(error instanceof ApiFailure) && !(error instanceof SignInFailure)) console.error(error);
};

if (root !== null) createRoot(root, { onCaughtError: reportCaught }).render(<App />);
