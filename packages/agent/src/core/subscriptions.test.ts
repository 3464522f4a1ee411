import { expect, test } from "vitest";
import { Subscriptions } from "./subscriptions.js";

function recording() {
  const got: string[] = [];
  const handler = (name: string) => ({
    onMessage: (payload: string) => void got.push(`${name} ${payload}`),
    onReconnect: () => void got.push(`${name} reconnected`),
  });
  return { got, handler, subscriptions: new Subscriptions((_level, message) => void got.push(message)) };
}

const accepted = async () => {};
const refused = () => Promise.reject(new Error("refused"));

test("a message that overtakes its SUBACK arrives; one of another topic goes nowhere", async () => {
  const { got, handler, subscriptions } = recording();
  await subscriptions.add("a", handler("first"), async () => subscriptions.deliver("a", () => "early"));
  subscriptions.deliver("b", () => "stray");
  expect(got).toEqual(["first early"]);
});

test("a subscription that is refused leaves what was there before", async () => {
  const { got, handler, subscriptions } = recording();
  await expect(subscriptions.add("a", handler("never"), refused)).rejects.toThrow("refused");
  expect(subscriptions.batches()).toEqual([]);
  await subscriptions.add("a", handler("first"), accepted);
  await expect(subscriptions.add("a", handler("second"), refused)).rejects.toThrow("refused");
  subscriptions.deliver("a", () => "1");
  expect(got).toEqual(["first 1"]);
});

test("a SUBSCRIBE gets no more than eight filters", async () => {
  const { handler, subscriptions } = recording();
  for (let i = 0; i < 17; i += 1) await subscriptions.add(`t${i}`, handler("x"), accepted);
  expect(subscriptions.batches().map((topics) => topics.length)).toEqual([8, 8, 1]);
  expect(subscriptions.delete("t0")).toBe(true);
  expect(subscriptions.delete("t0")).toBe(false);
  expect(subscriptions.batches().flat()).toHaveLength(16);
});

test("an error in a handler is logged, and the others are still called", async () => {
  const { got, handler, subscriptions } = recording();
  const fault = () => {
    throw new Error("mine");
  };
  await subscriptions.add("a", { onMessage: fault, onReconnect: fault }, accepted);
  await subscriptions.add("b", handler("b"), accepted);
  subscriptions.deliver("a", () => "1");
  subscriptions.reconnected();
  expect(got).toEqual([
    "the handler of a failed: mine",
    "the handler of onReconnect failed: mine",
    "b reconnected",
  ]);
});
