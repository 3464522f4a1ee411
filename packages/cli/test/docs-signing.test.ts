import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AddThingToThingGroupCommand, CreateThingGroupCommand } from "@aws-sdk/client-iot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";

// The commands of docs/signing.md, one after the other, against the stand-in. Those of KMS and PKCS#11 are proven in
// sign-kms.e2e.test.ts and sign.e2e.test.ts.

let fleet: Fleet;
let blocks: string[];

beforeAll(async () => {
  fleet = await startFleet();
  const page = await readFile(join(import.meta.dirname, "../../../docs/signing.md"), "utf8");
  blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, text = ""]) => text);
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
  await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta", thingName: "pump-1" }));
  await write("app.bin", "an image");
  await write("fota.config.json", { bucket: BUCKET });
});
afterAll(() => fleet.stop());

async function write(name: string, value: unknown): Promise<void> {
  await writeFile(join(fleet.folder, name), typeof value === "string" ? value : JSON.stringify(value));
}

/** Runs one line of the page; `> file` is done here. */
async function run(line: string) {
  const [, command = "", file] = /^fota (.*?)(?: > (\S+))?$/.exec(line) ?? [];
  const reach = ["--local", "--endpoint-url", fleet.local.endpoint];
  const env = { FOTA_PASSPHRASE: "correct horse" };
  const { code, stdout, stderr } = await runFota([...command.split(" "), ...reach], {
    cwd: fleet.folder,
    env,
  });
  expect({ line, code, stderr: stderr.replaceAll(/hint: .*/g, "") }).toEqual({
    line,
    code: 0,
    stderr: expect.not.stringContaining("error"),
  });
  if (file !== undefined) await write(file, stdout);
  return stdout;
}

async function linesOf(firstWords: string): Promise<string[]> {
  const block = blocks.find((text) => text.startsWith(firstWords));
  if (block === undefined) throw new Error(`no block begins with ${firstWords}`);
  return block.trim().split("\n");
}

async function makeKey(name: string): Promise<Record<string, string>> {
  const { stdout } = await runFota(["keygen", `${name}.pem`, "--no-passphrase", "--json"], {
    cwd: fleet.folder,
  });
  return JSON.parse(stdout).trust;
}

test("each block of the page is run by a test", () => {
  expect(blocks.map((text) => text.split(" ").slice(0, 3).join(" "))).toEqual([
    "fota keygen release-2026.pem\n",
    "fota publish app.bin",
    "fota publish app.bin",
    "aws kms create-key",
    "pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so",
    "fota sign keys-2.json",
  ]);
});

test("a key is made, and an image is signed, published and verified", async () => {
  for (const line of await linesOf("fota keygen")) await run(line);
  let last = "";
  for (const line of blocks[1]?.trim().split("\n") ?? []) last = await run(line);
  expect(last).toContain("is signed by release-2026");
});

test("two people sign, the keys are replaced, and the new key publishes", async () => {
  const trusted = { ...(await makeKey("ann")), ...(await makeKey("bob")) };
  await write("keys-1.json", { version: 1, threshold: 2, keys: trusted });
  for (const line of blocks[2]?.trim().split("\n") ?? []) await run(line);
  const [keys, rootKeys] = [await makeKey("release-2027"), await makeKey("root")];
  await write("keys-2.json", { version: 2, threshold: 1, keys, rootKeys });
  for (const line of await linesOf("fota sign keys-2.json")) await run(line);
  expect(await run("fota verify last --keys keys-1.json")).toContain("is signed by release-2027");
});
