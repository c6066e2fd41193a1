// Waits until a server should stop: at SIGTERM or Ctrl-C. A further signal during the drain changes nothing.

export const untilToldToStop = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
