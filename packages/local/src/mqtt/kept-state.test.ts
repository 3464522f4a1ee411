import { expect, test } from "vitest";
import { applyRecord, decodeMessage, emptyKeptState, encodeMessage, type KeptRecord } from "./kept-state.js";
import type { Message } from "./message.js";

const MESSAGE: Message = {
  topic: "dt/one",
  payload: Buffer.from([0, 255, 10]),
  qos: 1,
  retain: true,
  properties: { correlationData: Buffer.from([1, 2]), userProperties: { a: ["1", "2"] }, contentType: "x" },
  expiresAtMs: 1_700_000_000_000,
};

const OWN = { qos: 1, noLocal: false, retainAsPublished: false } as const;

test("a message survives its encoding as JSON", () => {
  expect(decodeMessage(JSON.parse(JSON.stringify(encodeMessage(MESSAGE))))).toEqual(MESSAGE);
});

test("records add, replace and remove what the broker keeps", () => {
  const message = encodeMessage(MESSAGE);
  const state = emptyKeptState();
  const records: KeptRecord[] = [
    { type: "retain", message },
    { type: "retain", message: { ...message, topic: "dt/gone" } },
    { type: "retain", message: { ...message, topic: "dt/gone", payload: "" } },
    { type: "session", clientId: "t1", expirySeconds: 60 },
    { type: "subscribe", clientId: "t1", filter: "a", subscription: OWN },
    { type: "subscribe", clientId: "t1", filter: "b", subscription: OWN },
    { type: "unsubscribe", clientId: "t1", filter: "a" },
    { type: "queue", clientId: "t1", id: 1, delivery: { message, qos: 1, retain: false } },
    { type: "queue", clientId: "t1", id: 2, delivery: { message, qos: 1, retain: false } },
    { type: "settle", clientId: "t1", id: 1 },
    { type: "session", clientId: "t1", expirySeconds: 60, endsAtMs: 5 },
    { type: "session", clientId: "t2", expirySeconds: 60 },
    { type: "end", clientId: "t2" },
    { type: "queue", clientId: "t2", id: 3, delivery: { message, qos: 1, retain: false } },
  ];
  for (const record of records) applyRecord(state, record);
  expect([...state.retained]).toEqual([["dt/one", message]]);
  expect([...state.sessions]).toEqual([
    [
      "t1",
      {
        expirySeconds: 60,
        endsAtMs: 5,
        subscriptions: new Map([["b", OWN]]),
        queue: new Map([[2, { message, qos: 1, retain: false }]]),
      },
    ],
  ]);
});
