// Connects the devices of a folder that `fota device --count` made, each with its own certificate, and holds the
// connections: what bare Node.js, and the device SDK of AWS, take for that. Started with `fork` by device-fleet.mjs.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { connect } from "node:tls";

const AT_ONCE = 32;
const { kind, dir, things, mqtts } = JSON.parse(process.argv[2]);
const { hostname, port } = new URL(mqtts);
const open = kind === "sdk" ? sdkClient() : tlsConnection;
const held = [];
const waiting = things.values();

process.send?.("ready"); // for the memory and the processor time of the program itself
process.once("message", async () => {
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const thing of waiting) {
        const identity = JSON.parse(await readFile(join(dir, thing, "identity.json"), "utf8"));
        held.push(await open(thing, identity));
      }
    }),
  );
  process.send?.("connected");
});

async function tlsConnection(_thing, { certificate: cert, privateKey: key, ca }) {
  const socket = connect({ host: hostname, port, cert, key, ca });
  await once(socket, "secureConnect");
  return socket.on("error", () => {}).resume();
}

function sdkClient() {
  const fromAgent = createRequire(new URL("../packages/agent/package.json", import.meta.url));
  const { iot, mqtt5 } = fromAgent("aws-iot-device-sdk-v2");
  return async (thing, { certificate, privateKey, ca }) => {
    const config = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
      hostname,
      certificate,
      privateKey,
    )
      .withPort(Number(port))
      .withCertificateAuthority(ca)
      .withConnectProperties({ clientId: thing, keepAliveIntervalSeconds: 60 })
      .build();
    const client = new mqtt5.Mqtt5Client(config);
    const connected = once(client, "connectionSuccess");
    client.start();
    await connected;
    return client;
  };
}
