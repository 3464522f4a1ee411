import { expect, test } from "vitest";
import type { Config } from "../config/schema.js";
import type { Live, Status } from "../status/result.js";
import { brokerFinding } from "./broker.js";

const daemon: Live = { link: "connected", problem: null, progress: null, waitingSeconds: null };
const status = { thing: "pump-1", endpoint: "old.example.com" } as Status;
const config = (endpoint: string) => ({ thingName: "pump-1", endpoint }) as Config;

test("a daemon that still uses an older configuration is not taken for a proof of the new one", () => {
  expect(brokerFinding(config("old.example.com"), status, daemon).status).toBe("ok");
  expect(brokerFinding(config("new.example.com"), status, daemon)).toMatchObject({
    status: "warn",
    message:
      "the daemon uses old.example.com as pump-1, but the configuration names new.example.com as pump-1",
    hint: expect.stringContaining("systemctl reload fota-agent"),
  });
});
