// The client of MQTT.js alone: its entry point adds WebSocket and SOCKS, which would be a third of a device's image.
// `npm run build` replaces the compiled file by a bundle with the dependencies (scripts/bundle-mqtt.mjs).
import client from "mqtt/lib/client";

/** Speaks MQTT on a connection that is open. */
export const MqttClient = client.default;
export type MqttClient = client.default;
