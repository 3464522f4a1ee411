import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Config } from "../config/schema.js";
import { findOpenPlaces, warnOfOpenPlaces } from "./open-places.js";

const KEY_TEXT = `${"A".repeat(43)}=`;

let dir: string;
let config: Config;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-open-"));
  for (const folder of ["etc", "state", "bin"]) mkdirSync(join(dir, folder));
  for (const file of ["etc/agent.json", "etc/ca.pem", "etc/key.pub", "bin/slots"])
    writeFileSync(join(dir, file), "", { mode: 0o755 });
  config = {
    stateDir: join(dir, "state"),
    ca: join(dir, "etc/ca.pem"),
    trust: { keys: { file: join(dir, "etc/key.pub"), text: KEY_TEXT } },
    slots: { type: "command", command: [join(dir, "bin/slots"), "--fast"] },
    maintenance: { deferOnMetered: true },
  } as unknown as Config;
});
afterEach(() => rmSync(dir, { recursive: true }));

const find = () => findOpenPlaces(config, join(dir, "etc/agent.json"));

test("places that only their owners can write are fine, and so are absent ones", async () => {
  expect(await find()).toEqual([]);
  rmSync(join(dir, "etc"), { recursive: true });
  rmSync(join(dir, "state"), { recursive: true });
  expect(await find()).toEqual([]);
});

test.each(["etc/agent.json", "etc/ca.pem", "etc/key.pub", "bin/slots", "etc", "bin", "state"])(
  "%s that every user can write is told, with what to do",
  async (name) => {
    const path = join(dir, name);
    chmodSync(path, 0o777);
    const message = `${path} can be written by every user, who could change what fota-agent installs or runs`;
    expect(await find()).toEqual([{ message, hint: `run \`chmod o-w ${path}\`` }]);
    const lines: string[] = [];
    await warnOfOpenPlaces(config, join(dir, "etc/agent.json"), (level, line) =>
      lines.push(`${level} ${line}`),
    );
    expect(lines).toEqual([`warn ${message}; run \`chmod o-w ${path}\``]);
  },
);

test("a folder with the sticky bit is fine: only the owner of a file can replace it", async () => {
  chmodSync(join(dir, "etc"), 0o1777);
  expect(await find()).toEqual([]);
});
