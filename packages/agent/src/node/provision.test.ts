import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import type { Mqtt, StateStore } from "../core/ports.js";
import { type ProvisionPorts, provision } from "./provision.js";

const CREATE = "$aws/certificates/create-from-csr/json";
const REGISTER = "$aws/provisioning-templates/lamps/provision/json";

function memoryStore(text?: string): StateStore {
  let stored = text;
  return {
    load: async () => stored,
    save: async (next) => {
      stored = next;
    },
  };
}

/** A device whose requests get the given answers, in order. */
function device(answers: { topic: string; payload: object }[]) {
  const requests: string[] = [];
  const delays: number[] = [];
  const log: string[] = [];
  const connect = async (): Promise<Mqtt> => {
    const handlers = new Map<string, (payload: string) => void>();
    return {
      thingName: "claim",
      connect: async () => {},
      disconnect: async () => {},
      subscribe: async (topic, onMessage) => void handlers.set(topic, onMessage),
      unsubscribe: async () => {},
      publish: async (topic) => {
        requests.push(topic);
        const answer = answers.shift();
        if (answer !== undefined) handlers.get(answer.topic)?.(JSON.stringify(answer.payload));
      },
    };
  };
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const ports: ProvisionPorts = {
    files: {
      key: memoryStore(key.export({ type: "pkcs8", format: "pem" }).toString()),
      cert: memoryStore(),
      state: memoryStore(),
    },
    connect,
    host: {
      sleep: async (delayMs) => void delays.push(delayMs),
      after: (_delayMs, action) => {
        const timer = setImmediate(() => setImmediate(action)); // at once, but after the answers that do come
        return () => clearImmediate(timer);
      },
      next: () => 0.5,
    },
    log: (_level, message) => log.push(message),
  };
  const run = (attempts: number) => provision({ template: "lamps", attempts }, ports);
  return { run, requests, delays, log };
}

const throttled = {
  topic: `${CREATE}/rejected`,
  payload: { statusCode: 429, errorCode: "Throttled", errorMessage: "slow down" },
};
const failed = {
  topic: `${CREATE}/rejected`,
  payload: {
    statusCode: 500,
    errorCode: "InternalFailure",
    errorMessage: "An unexpected error has occurred.",
  },
};

test("a throttled or failed request is sent again, with growing delays, and its last error is thrown", async () => {
  const { run, requests, delays } = device([throttled, throttled, failed]);
  await expect(run(3)).rejects.toMatchObject({
    code: "AWS_ERROR",
    message: expect.stringContaining("after 3 attempts with template lamps"),
  });
  expect(requests).toEqual([CREATE, CREATE, CREATE]);
  expect(delays).toEqual([1_000, 2_000]);
});

test("a request without an answer is sent again", async () => {
  const { run, requests, log } = device([]);
  await expect(run(2)).rejects.toMatchObject({ code: "REQUEST_TIMED_OUT" });
  expect(requests).toEqual([CREATE, CREATE]);
  expect(log).toEqual([
    `not provisioned yet: no answer on ${CREATE} within 20000 ms; next attempt in 1000 ms`,
  ]);
});

test("a refused request is not sent again", async () => {
  const payload = { statusCode: 400, errorCode: "InvalidCsr", errorMessage: "no" };
  const { run, requests } = device([{ topic: `${CREATE}/rejected`, payload }]);
  await expect(run(3)).rejects.toMatchObject({
    code: "REQUEST_REJECTED",
    message: `${CREATE} was refused: 400 InvalidCsr no`,
  });
  expect(requests).toEqual([CREATE]);
});

test("a certificate for another key is never registered", async () => {
  const payload = { certificatePem: "not a certificate", certificateOwnershipToken: "t" };
  const { run, requests } = device([{ topic: `${CREATE}/accepted`, payload }]);
  await expect(run(1)).rejects.toMatchObject({
    code: "RESPONSE_INVALID",
    message: expect.stringContaining("the certificate in the answer is not for this device's key"),
  });
  expect(requests).not.toContain(REGISTER);
});
