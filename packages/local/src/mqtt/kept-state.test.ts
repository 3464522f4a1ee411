import { expect, test } from "vitest";
import {
  applyRecord,
  decodeMessage,
  emptyKeptState,
  encodeMessage,
  type KeptRecord,
  toRecords,
} from "./kept-state.js";
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

test("the records of a state rebuild that state", () => {
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
  expect(toRecords(state)).toEqual([
    { type: "retain", message },
    { type: "session", clientId: "t1", expirySeconds: 60, endsAtMs: 5 },
    { type: "subscribe", clientId: "t1", filter: "b", subscription: OWN },
    { type: "queue", clientId: "t1", id: 2, delivery: { message, qos: 1, retain: false } },
  ]);
  const again = emptyKeptState();
  for (const record of toRecords(state)) applyRecord(again, record);
  expect(again).toEqual(state);
});
