// The style sheet that vite.config.ts makes from the theme.
declare module 'virtual:theme.css';
declare module '*.css';
