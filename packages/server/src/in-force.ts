// Holds the services of the configuration that is in force, and puts another in force.
import type { Configuration } from './config/configuration.ts';
import type { HttpServices } from './http/endpoint.ts';
import type { Observer } from './metrics/observer.ts';
import { createSerial } from './primitives/serial.ts';
import { type Base, openServices } from './services.ts';

export interface InForce {
  readonly services: () => HttpServices;
  /**
   * Reads the clients of the database anew, and the file too where another configuration is given. In force from when this
   * resolves; requests under way finish with the services that they began with.
   */
  readonly put: (next?: Configuration) => Promise<void>;
}

/** @param withNode adds what the services of every configuration have in common */
export async function openInForce(
  configuration: Configuration,
  { base, observer, withNode }: { base: Base; observer: Observer; withNode: (read: HttpServices) => HttpServices },
): Promise<InForce> {
  let inForce = configuration;
  let services = withNode(await openServices(inForce, base, observer));
  const inTurn = createSerial();
  const put = (next?: Configuration): Promise<void> =>
    inTurn(async () => {
      const { throttled } = services;
      inForce = next ?? inForce;
      services = withNode({ ...(await openServices(inForce, base, observer, services)), throttled });
    });
  base.registered.onChange(put);
  return { services: () => services, put };
}
