import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AddThingToThingGroupCommand,
  CreateThingGroupCommand,
  GetJobDocumentCommand,
} from "@aws-sdk/client-iot";
import { followKeyLinks, type KeySet, parseJobDocument, signatureFault } from "@fota/shared";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyEd25519 } from "../src/signing/public-key.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";

// The commands of docs/signing.md and of "When it has happened" in docs/security.md, one after the other, against the stand-in. Those of KMS and PKCS#11 are proven in
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

/** Returns why a device with this key set refuses the document of the last job, or `undefined`. */
async function refusalOf(set: KeySet): Promise<string | undefined> {
  const [{ jobId }] = JSON.parse(await run("fota list --limit 1 --json")).jobs;
  const { document = "" } = await fleet.iot.send(new GetJobDocumentCommand({ jobId }));
  const parsed = parseJobDocument(JSON.parse(document));
  const newest = await followKeyLinks(set, parsed.bc_keys ?? [], verifyEd25519).catch(String);
  return typeof newest === "string" ? newest : await signatureFault(parsed, newest.set, verifyEd25519);
}

test("a stolen key is stopped, also on devices that slept through two changes of the keys", async () => {
  const page = await readFile(join(import.meta.dirname, "../../../docs/security.md"), "utf8");
  const section = /^## When it has happened\n(.*?)^## /ms.exec(page)?.[1] ?? "";
  const steps = [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, text = ""]) =>
    text
      .trim()
      .split("\n")
      .map((line) => line.trim()),
  );
  expect(steps.map(([first]) => first)).toEqual([
    "fota list --since 7d",
    "fota keygen release-2028.pem",
    "fota sign keys-3.json --sign root.pem --out keys-3.signed.json",
    "fota cancel last --force --yes --reason WRONG_DOCUMENT",
    "fota thing show pump-1",
  ]);
  const [look = [], make = [], replace = [], wrong = [], lost = []] = steps;
  for (const line of look) await run(line);
  for (const line of make) await run(line);

  const read = async (name: string) => JSON.parse(await readFile(join(fleet.folder, name), "utf8"));
  const [first, second]: KeySet[] = [await read("keys-1.json"), await read("keys-2.json")];
  const shown = /^ *(\{ "version": 3.*\})$/m.exec(section)?.[1] ?? "{}";
  const publicKey = (await readFile(join(fleet.folder, "release-2028.pem.pub"), "utf8")).toString();
  const keys3 = { ...JSON.parse(shown), keys: { "release-2028": publicKey }, rootKeys: second?.rootKeys };
  await write("keys-3.json", keys3);
  for (const line of replace) await runOrMerge(line);
  for (const set of [first, second]) expect(await refusalOf(set as KeySet)).toBeUndefined();
  for (const line of wrong) await runOrMerge(line);

  const thief =
    "fota publish app.bin --slot any --to group:beta --model pump --fw-version 1.9.0 --seq version";
  await write("app.bin", "malware");
  await run(`${thief} --sign release-2027.pem`);
  const third = { ...keys3, keys: Object.fromEntries((await read("keys-3.signed.json")).keys) };
  expect(await refusalOf(third)).toMatch(/no signature is from a key that this device trusts/);
  for (const line of lost) await run(line);
});

/** Runs a line of the page; `jq -s . a b > c` is done here. */
async function runOrMerge(line: string): Promise<void> {
  const [, names, file = ""] = /^jq -s \. (.*) > (\S+)$/.exec(line) ?? [];
  if (names === undefined) return void (await run(line));
  const texts = names.split(" ").map((name) => readFile(join(fleet.folder, name), "utf8"));
  await write(
    file,
    (await Promise.all(texts)).map((text) => JSON.parse(text)),
  );
}
