// Waits until a server should stop: at SIGTERM or Ctrl-C. A further signal during the drain changes nothing.

/** @param failed is aborted if the server does not start: the signals end the process again */
export const untilToldToStop = (failed?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => resolve();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, stop);
      failed?.addEventListener('abort', () => process.off(signal, stop));
    }
  });
