import { chmodSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { configSchema } from "../config/schema.js";
import { check } from "./check.js";
import type { Finding } from "./finding.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-check-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

/** Returns what a check without a daemon finds out about the slots. */
async function checkSlots(slots: object): Promise<Finding[]> {
  const identity = { endpoint: "127.0.0.1:1", thingName: "pump-1", cert: "c", key: "k", ca: "a" };
  const config = v.parse(configSchema, { ...identity, stateDir: join(dir, "state"), slots });
  const findings: Finding[] = [];
  const context = { read: async () => config, env: {}, configPath: join(dir, "config.json"), nowMs: 0 };
  for await (const finding of check(context)) findings.push(finding);
  return findings.filter(({ check }) => check === "slots");
}

const files = (folder: string) => ({ type: "files", dir: folder, runningSlot: 0 });

describe("slots whose folder does not exist yet", () => {
  test("are skipped, and nothing is made", async () => {
    const folder = join(dir, "not", "yet");
    const message = `${folder} does not exist yet: \`fota-agent run\` makes it`;
    expect(await checkSlots(files(folder))).toEqual([{ check: "slots", status: "skipped", message }]);
    expect(readdirSync(dir)).toEqual([]);
  });

  test("fail if it cannot be made", async () => {
    symlinkSync("/no/such/folder", join(dir, "link"));
    for (const folder of [join(dir, "link"), join(dir, "link", "slots"), "/proc/fota"]) {
      const message = expect.stringMatching(/^cannot create the slot folder: .*ENOENT/);
      expect(await checkSlots(files(folder))).toMatchObject([{ status: "fail", message }]);
    }
    expect(readdirSync(dir)).toEqual(["link"]);
  });

  test("fail if RAUC or the boot loader of SWUpdate cannot tell them", async () => {
    writeFileSync(join(dir, "rauc"), "#!/bin/sh\necho 'no system.conf' >&2\nexit 1\n");
    chmodSync(join(dir, "rauc"), 0o755);
    vi.stubEnv("PATH", `${dir}${delimiter}${process.env["PATH"]}`);
    const loader = { type: "grub", runningSlot: 0, envFile: join(dir, "no.env") };
    const bundleDir = join(dir, "bundles");
    const rauc = await checkSlots({ type: "rauc", bundleDir });
    expect(rauc).toMatchObject([{ status: "fail", message: expect.stringContaining("no system.conf") }]);
    const swupdate = await checkSlots({ type: "swupdate", loader, bundleDir });
    expect(swupdate).toMatchObject([{ status: "fail", message: expect.stringContaining("no.env") }]);
    expect(readdirSync(dir)).toEqual(["rauc"]);
  });
});
