import { type AwsCall, translateAwsError } from "./errors.js";
import { type ClientWithIdentity, type Identity, resolveIdentity } from "./session.js";

/** Holds one AWS service as its request functions take it. */
export interface Service<Client> {
  client: Client;
  /** Runs one request. @throws {FotaError} a translated AWS error; INTERRUPTED */
  call<T>(
    call: Omit<AwsCall, "endpoint">,
    request: (options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T>;
}

/** Adds what a client of the SDK needs, which keeps connections open. */
export interface SdkService<Client> extends Service<Client> {
  /** The configured endpoint; `undefined` if the SDK finds it. */
  endpoint: string | undefined;
  /** Finds the region and the credentials. @throws {FotaError} NO_REGION, NO_CREDENTIALS */
  identity(): Promise<Identity>;
  close(): void;
}

export function serviceOf<Client>(
  client: Client,
  endpoint: string | undefined,
  signal: AbortSignal,
): Service<Client> {
  return {
    client,
    async call(call, request) {
      try {
        return await request({ abortSignal: signal });
      } catch (error) {
        throw translateAwsError(error, { ...call, endpoint });
      }
    },
  };
}

export function sdkServiceOf<Client extends ClientWithIdentity & { destroy(): void }>(
  client: Client,
  endpoint: string | undefined,
  signal: AbortSignal,
): SdkService<Client> {
  return {
    ...serviceOf(client, endpoint, signal),
    endpoint,
    identity: () => resolveIdentity(client),
    close: () => client.destroy(),
  };
}

/** Runs a task with a service, then closes the service's connections. */
export async function withService<S extends { close(): void }, T>(
  service: S,
  task: (service: S) => Promise<T>,
): Promise<T> {
  try {
    return await task(service);
  } finally {
    service.close();
  }
}
