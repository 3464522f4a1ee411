import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configSchema } from "../config/schema.js";
import { checkTools } from "./tools.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-check-tools-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(name: string, mode = 0o755): string {
  writeFileSync(join(dir, name), "#!/bin/sh\n");
  chmodSync(join(dir, name), mode);
  return join(dir, name);
}

async function check(slots: object, maintenance: object = {}) {
  const identity = { endpoint: "localhost", thingName: "pump-1", cert: "c", key: "k", ca: "a" };
  return await checkTools(v.parse(configSchema, { ...identity, slots, maintenance }), {
    PATH: `/nowhere:${dir}`,
  });
}

const paths = ["/dev/a", "/dev/b"];
const uboot = { type: "uboot", paths };

test.each([
  [{ type: "files" }, {}, []],
  [uboot, {}, ["fw_printenv", "fw_setenv", "reboot"]],
  [{ ...uboot, restartCommand: ["systemctl", "reboot"] }, {}, ["fw_printenv", "fw_setenv", "systemctl"]],
  [{ type: "grub", paths }, {}, ["reboot"]],
  [{ type: "uefi", paths }, {}, ["efibootmgr", "reboot"]],
  [{ type: "tryboot", paths, autobootFile: "/boot/autoboot.txt" }, {}, ["reboot"]],
  [{ type: "rauc" }, {}, ["rauc", "reboot"]],
  [{ type: "swupdate", loader: { type: "uefi" } }, {}, ["swupdate", "sync", "efibootmgr", "reboot"]],
  [{ type: "files" }, { deferOnMetered: true }, ["nmcli"]],
  [{ type: "files" }, { deferOnMetered: true, meteredCommand: ["is-lte", "-q"] }, ["is-lte"]],
  [{ type: "files" }, { meteredCommand: ["is-lte"] }, []],
])("%j and %j need %j", async (slots, maintenance, tools) => {
  expect((await check(slots, maintenance)).map(({ status, message }) => [status, message])).toEqual(
    tools.map((tool) => ["fail", `${tool} is not in PATH (/nowhere:${dir})`]),
  );
});

test("tools in PATH and by path are found; one that is not executable is missing", async () => {
  for (const tool of ["fw_printenv", "fw_setenv"]) write(tool);
  const restartCommand = [write("restart")];
  expect(await check({ ...uboot, restartCommand })).toEqual([
    { check: "tools", status: "ok", message: `fw_printenv, fw_setenv, ${restartCommand[0]}` },
  ]);
  write("restart", 0o644);
  expect(await check({ ...uboot, restartCommand })).toMatchObject([
    { status: "fail", message: `${restartCommand[0]} does not exist, or is not executable` },
  ]);
});
