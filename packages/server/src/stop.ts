// When should a server stop? At SIGTERM or Ctrl-C, once: another signal while it drains changes nothing.

export const untilToldToStop = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
