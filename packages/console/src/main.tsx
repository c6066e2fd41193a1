// Starts the console: the style sheets, and the application in the page.
import '@mantine/core/styles.css';
import 'virtual:theme.css';
import './frame/frame.css';
import './shared/shared.css';
import { createRoot } from 'react-dom/client';
import { App } from './frame/App.tsx';

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
