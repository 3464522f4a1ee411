import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slotsSchema } from "../src/daemon/slots/adapters.js";

const UNITS = join(import.meta.dirname, "../systemd");
const PAGE = join(import.meta.dirname, "../../../docs/systemd.md");
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).error === undefined;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-units-"));
});
afterAll(async () => await rm(dir, { recursive: true }));

/** Sets of files in slots/ that a device may have. */
const SETS = [
  [],
  ["partitions"],
  ["uboot"],
  ["grub"],
  ["uefi"],
  ["tryboot"],
  ["rauc"],
  ["swupdate", "uboot"],
  ["swupdate", "grub"],
];

/** Makes the unit with files of slots/ as drop-ins. Returns its path. */
async function unitWith(names: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(dir, "unit-"));
  const unit = join(folder, "fota-agent.service");
  const text = await readFile(join(UNITS, "fota-agent.service"), "utf8");
  await writeFile(unit, text.replace("ExecStart=fota-agent", `ExecStart=${process.execPath}`));
  await mkdir(`${unit}.d`);
  for (const name of names) await cp(join(UNITS, `slots/${name}.conf`), join(`${unit}.d`, `${name}.conf`));
  return unit;
}

test.skipIf(!hasSystemd).each(SETS.map((names) => ({ names, set: names.join(" and ") || "nothing else" })))(
  "systemd-analyze verifies the unit with $set",
  async ({ names }) => {
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", await unitWith(names)], {
      encoding: "utf8",
    });
    // It complains about units of the machine as well.
    expect(stderr.split("\n").filter((line) => line.includes("fota"))).toEqual([]);
    expect(status).toBe(0);
  },
);

/** Returns the exposure of a unit by `systemd-analyze security`, from 0 to 10. */
async function exposureOf(names: readonly string[]): Promise<number> {
  const args = ["security", "--offline=yes", "--no-pager", await unitWith(names)];
  const { stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  return Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
}

test.skipIf(!hasSystemd)("the exposure of the unit stays as low as docs/systemd.md says", async () => {
  const page = await readFile(PAGE, "utf8");
  const promised = [...page.matchAll(/^\| `([a-z]+)\.conf` .*\| ([\d.]+) +\|$/gm)];
  expect(promised.map(([, name]) => name).sort()).toEqual(
    (await readdir(join(UNITS, "slots"))).map((name) => name.replace(".conf", "")),
  );
  for (const [, name = "", exposure] of promised) {
    expect(await exposureOf([name]), name).toBeLessThanOrEqual(Number(exposure));
  }
  expect(await exposureOf([])).toBeLessThanOrEqual(Number(/exposure of ([\d.]+)/.exec(page)?.[1]));
});

test("each kind of slots that needs more rights has a file, and the test has each file", async () => {
  const names = (await readdir(join(UNITS, "slots"))).map((name) => name.replace(".conf", ""));
  expect(names.sort()).toEqual([...new Set(SETS.flat())].sort());
  const inUnit = ["files"];
  const ofTheUser = ["command"];
  for (const type of slotsSchema.options.map(({ entries }) => entries.type.literal)) {
    if (!inUnit.includes(type) && !ofTheUser.includes(type)) expect(names).toContain(type);
  }
});
