import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ScriptedBroker } from "./scripted-broker.js";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../../..");
const DIST = join(import.meta.dirname, "../dist");
const TOOLS = join(ROOT, "node_modules/.bin");
/** The most that connectThing and nodeDevice may add to an image, compressed. */
const MAX_GZIP_BYTES = 80 * 1024;

const PROGRAM = `
import { connectThing, nodeDevice } from "@fota/agent/node";
async function main([dir, url]: string[]) {
  const device = nodeDevice({ dir: dir!, runningSlot: 0 });
  const thing = await connectThing({ thingName: "lamp-1", url: url! });
  await thing.publish("hello", typeof device.http.get);
  await thing.disconnect();
}
main(process.argv.slice(2));
`;

/** Inside the package, so that `@fota/agent` resolves to it. */
let project: string;
let entry: string;
let broker: ScriptedBroker;
beforeAll(async () => {
  // What is published, not the sources: the compiled files, with the file that the build replaces.
  await run(join(TOOLS, "tsc"), ["-b", "packages/agent"], { cwd: ROOT });
  await run(process.execPath, ["scripts/build.mjs"], { cwd: ROOT });
  project = await mkdtemp(join(DIST, "project-"));
  entry = join(project, "app.ts");
  await writeFile(entry, PROGRAM);
  broker = await ScriptedBroker.start();
});
afterAll(async () => {
  await broker.stop();
  await rm(project, { recursive: true });
});

test.each([
  [
    "`agent build`",
    "app",
    (image: string) => run(process.execPath, [join(DIST, "agent.cjs"), "build", entry, "-o", image]),
  ],
  ["esbuild, as an ES module", "app.mjs", (image: string) => esbuild("esm", image)],
  ["esbuild, as CommonJS", "app.cjs", (image: string) => esbuild("cjs", image)],
])("a program bundled by %s connects, and stays small", async (_builder, name, build) => {
  const image = join(project, name);
  await build(image);
  const before = broker.published.length;
  await run(process.execPath, [image, project, `mqtt://127.0.0.1:${broker.port}`], { cwd: "/" });
  expect(broker.published.slice(before)).toEqual([{ topic: "hello", payload: "function" }]);
  expect(gzipSync(await readFile(image)).length).toBeLessThan(MAX_GZIP_BYTES);
});

const esbuild = (format: string, image: string) =>
  run(join(TOOLS, "esbuild"), [
    entry,
    "--bundle",
    "--minify",
    "--platform=node",
    `--format=${format}`,
    `--outfile=${image}`,
  ]);
