import { expect, test } from "vitest";
import { isOnThisMachine } from "./connection.js";

test.each(["mqtt://127.0.0.1:1883", "mqtts://localhost:8883", "mqtts://[::1]:8883", "mqtt://127.0.0.1"])(
  "%s is on this machine: its images may come by http",
  (url) => {
    expect(isOnThisMachine(url)).toBe(true);
  },
);

test.each([
  "mqtts://abc123-ats.iot.eu-west-1.amazonaws.com:8883",
  "mqtt://192.168.0.7:1883",
  "mqtts://localhost.example.com:8883",
  "mqtts://localhost@broker.example:8883",
  undefined,
])("%s is not", (url) => {
  expect(isOnThisMachine(url)).toBe(false);
});
