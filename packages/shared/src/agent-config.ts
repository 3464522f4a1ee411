/**
 * The content of `agent.json`, which `fota thing create` writes and a device reads: what `connectThing` takes, and the
 * `model` for `nodeDevice`. Paths in the file start at its folder.
 */
export interface AgentConfig {
  /** `host` or `host:port` of AWS IoT Core. */
  endpoint: string;
  thingName: string;
  /** Paths of the device certificate, its private key and the root CA. */
  cert: string;
  key: string;
  ca: string;
  /** Hardware model; absent if the thing was created without the attribute `model`. */
  model?: string;
}
