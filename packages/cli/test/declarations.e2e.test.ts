import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const TSC = join(ROOT, "node_modules/.bin/tsc");

const PROGRAM = `
import { isFotaError, publish, type PublishOptions, type PublishResult } from "fota";
const options: PublishOptions = { images: ["app.bin"], slot: 1, to: ["pump-7"], dryRun: true };
const { document, images, plan }: PublishResult = await publish(options);
export const size: number = document.bc_size + (images[0]?.size ?? 0) + (plan?.cost.jobActions ?? 0);
export const unknown: boolean = isFotaError(new Error("no"), "JOB_NOT_FOUND");
// @ts-expect-error: a result whose types are lost would be any, and have everything
export const nothing = document.bc_none;
`;

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "fota-types-"));
});
afterAll(async () => {
  await rm(project, { recursive: true });
});

test('import { publish } from "fota" compiles with its dependencies alone, library checks on', async () => {
  await run(TSC, ["-b", "packages/cli"], { cwd: ROOT });
  const modules = join(project, "node_modules");
  await install("packages/cli", join(modules, "fota"));
  await install("packages/shared", join(modules, "@fota/shared"));
  const valibot = join(ROOT, "packages/shared/node_modules/valibot");
  await cp(valibot, join(modules, "valibot"), { recursive: true, dereference: true });

  await writeFile(join(project, "program.ts"), PROGRAM);
  await writeFile(join(project, "package.json"), '{"type": "module"}');
  const options = ["--strict", "--skipLibCheck", "false", "--module", "nodenext", "--target", "es2022"];
  const compiling = run(TSC, [...options, "--noEmit", "--types", "", "program.ts"], { cwd: project });
  await expect(compiling).resolves.toMatchObject({ stdout: "" });
});

/** What an installed package has for a compiler: no devDependencies and no sources beside it. */
async function install(folder: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await cp(join(ROOT, folder, "package.json"), join(to, "package.json"));
  await cp(join(ROOT, folder, "dist"), join(to, "dist"), {
    recursive: true,
    filter: (path) => !/\.(mjs|js|map)$/.test(path),
  });
}
