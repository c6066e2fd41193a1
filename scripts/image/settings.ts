// How a container of the image runs. deploy/docker/Dockerfile says the same; a test compares them.
import { USER_ID } from './root.ts';

const SECOND_NS = 1_000_000_000;

export const settings = {
  User: `${USER_ID}:${USER_ID}`,
  ExposedPorts: { '8080/tcp': {}, '9464/tcp': {} },
  Env: ['PATH=/usr/bin', 'NODE_ENV=production', 'CAMBIO_HOST=0.0.0.0'],
  Entrypoint: ['/usr/bin/cambio'],
  Cmd: ['serve', '--config', '/etc/cambio/cambio.yaml'],
  WorkingDir: '/etc/cambio',
  StopSignal: 'SIGTERM',
  // A start waits a minute for its database.
  Healthcheck: {
    Test: ['CMD', '/usr/bin/cambio', 'ready'],
    Interval: 10 * SECOND_NS,
    Timeout: 5 * SECOND_NS,
    StartPeriod: 90 * SECOND_NS,
  },
} as const;
