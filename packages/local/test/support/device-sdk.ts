/** AWS's device SDK over MQTT 3.1.1, as a client of the stand-in. */
import { io, iot, mqtt } from "aws-iot-device-sdk-v2";
import type { Local } from "../../src/index.js";

/** How often a lookup of the address may fail before that counts. */
const LOOKUPS = 5;

/**
 * Connects by mutual TLS. Each connection gets a resolver of its own: the SDK's default one is shared by the whole
 * process, and what it remembers of another test's connections once made it fail for 127.0.0.1. A failed lookup is
 * tried again, as AWS's libraries themselves do: it says nothing about the stand-in.
 */
export async function connectMqtt311(
  local: Pick<Local, "mqtts" | "caPem">,
  clientId: string,
  { certificatePem, privateKeyPem }: { certificatePem: string; privateKeyPem: string },
): Promise<mqtt.MqttClientConnection> {
  const { hostname, port } = new URL(local.mqtts);
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(certificatePem, privateKeyPem)
    .with_endpoint(hostname)
    .with_port(Number(port))
    .with_certificate_authority(local.caPem)
    .with_client_id(clientId)
    .build();
  for (let lookup = 1; ; lookup += 1) {
    const connection = new mqtt.MqttClient(new io.ClientBootstrap()).new_connection(config);
    try {
      await connection.connect();
      return connection;
    } catch (error) {
      if (lookup === LOOKUPS || !String(error).includes("AWS_IO_DNS_QUERY_FAILED")) throw error;
    }
  }
}
