/** The shell steps of action.yml, run as GitHub's runners run them, against a stand-in. */
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DescribeJobCommand } from "@aws-sdk/client-iot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FOTA } from "./cli.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const run = promisify(execFile);
const ACTION = fileURLToPath(new URL("../../../action.yml", import.meta.url));

interface Step {
  script: string;
  hasWorkingDirectory: boolean;
}

let fleet: Fleet;
let steps: Map<string, Step>;
let bin: string;

describe.skipIf(process.platform === "win32")("the action", () => {
  beforeAll(async () => {
    fleet = await startFleet();
    steps = readSteps(await readFile(ACTION, "utf8"));
    bin = join(fleet.folder, "bin");
    await mkdir(bin);
    await mkdir(join(fleet.folder, "firmware"));
    await program("fota", `exec '${process.execPath}' '${FOTA}' "$@"`);
    await program("npm", 'echo "npm $*"');
    await writeFile(join(fleet.folder, "firmware/app.bin"), "firmware");
    const settings = { bucket: BUCKET, region: fleet.local.region, endpointUrl: fleet.local.endpoint };
    await writeFile(join(fleet.folder, "firmware/fota.config.json"), JSON.stringify(settings));
  });
  afterAll(() => fleet?.stop());

  test("installs the exact version that it is given, and refuses a range", async () => {
    const { stdout } = await runStep("Install fota", { VERSION: "1.2.0" });
    expect(stdout).toMatch(/^npm install .*--ignore-scripts .*fota@1\.2\.0$/m);
    expect(await readFile(join(fleet.folder, "path"), "utf8")).toBe(
      `${fleet.folder}/fota/node_modules/.bin\n`,
    );
    await expect(runStep("Install fota", { VERSION: "^1.2.0" })).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringContaining("::error::version must be exact"),
    });
  });

  test("publishes to each target of a text with several lines, and reads the settings when it follows", async () => {
    await runStep("Publish", { IMAGE: "app.bin", TARGETS: "pump-1\npump-2  pump-3\n", ARGS: "--slot any\n" });
    const output = await readFile(join(fleet.folder, "output"), "utf8");
    const [, jobId = ""] = /^job-id=(.*)$/m.exec(output) ?? [];
    const [, json = ""] = /^json=(.*)$/m.exec(output) ?? [];
    expect(JSON.parse(json)).toMatchObject({ jobId });
    const { job } = await fleet.iot.send(new DescribeJobCommand({ jobId }));
    expect(job?.targets?.map((arn) => arn.split("/")[1]).sort()).toEqual(["pump-1", "pump-2", "pump-3"]);

    const follow = runStep("Follow", { JOB_ID: jobId, TIMEOUT: "1s" });
    await expect(follow).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("WAIT_TIMED_OUT"),
    });
    expect(await readFile(join(fleet.folder, "summary"), "utf8")).toMatch(/^```\njob .*\n[\s\S]*```\n$/);
  });

  test("fails with fota's exit code and says why", async () => {
    const publish = runStep("Publish", { IMAGE: "none.bin", TARGETS: "pump-1", ARGS: "--slot any" });
    await expect(publish).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("none.bin") });
  });
});

async function program(name: string, script: string): Promise<void> {
  const path = join(bin, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** Runs a step as `shell: bash` does, with the files that a runner gives it. */
async function runStep(name: string, env: Record<string, string>) {
  const step = steps.get(name);
  if (step === undefined) throw new Error(`action.yml has no step ${name}`);
  const script = join(fleet.folder, "step.sh");
  await writeFile(script, step.script);
  return await run("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], {
    cwd: step.hasWorkingDirectory ? join(fleet.folder, "firmware") : fleet.folder,
    env: {
      PATH: `${bin}:${process.env["PATH"]}`,
      HOME: fleet.folder,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      RUNNER_TEMP: fleet.folder,
      GITHUB_PATH: join(fleet.folder, "path"),
      GITHUB_OUTPUT: join(fleet.folder, "output"),
      GITHUB_STEP_SUMMARY: join(fleet.folder, "summary"),
      ...env,
    },
  });
}

/** Reads the steps of a composite action whose scripts are blocks. */
function readSteps(yaml: string): Map<string, Step> {
  const found = yaml.split(/^ {4}- name: /m).slice(1);
  return new Map(
    found.map((text) => {
      const script = /^ {6}run: \|\n((?: {8}.*\n|\n)+)/m.exec(text)?.[1] ?? "";
      return [
        text.slice(0, text.indexOf("\n")),
        { script: script.replace(/^ {8}/gm, ""), hasWorkingDirectory: text.includes("working-directory:") },
      ];
    }),
  );
}
