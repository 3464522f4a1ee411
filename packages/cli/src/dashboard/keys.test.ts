import { expect, test } from "vitest";
import { createKeys } from "./keys.js";

test("token and session have 256 random bits each, and neither opens in place of the other", () => {
  const keys = createKeys();
  for (const key of [keys.token, keys.session]) expect(Buffer.from(key, "base64url")).toHaveLength(32);
  expect(keys.isToken(keys.token)).toBe(true);
  expect(keys.isSession(keys.session)).toBe(true);
  expect(keys.isToken(keys.session)).toBe(false);
  expect(keys.isSession(keys.token)).toBe(false);
  expect(createKeys().token).not.toBe(keys.token);
});

test.each(["", "x", "é"])("%j is no token, whatever its length", (text) => {
  expect(createKeys().isToken(text)).toBe(false);
});

test("a ticket opens once", () => {
  const keys = createKeys();
  const ticket = keys.issueTicket();
  expect(keys.isToken(ticket)).toBe(false);
  expect(keys.useTicket(ticket)).toBe(true);
  expect(keys.useTicket(ticket)).toBe(false);
});
