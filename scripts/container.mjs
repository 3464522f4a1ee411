// Checks the container recipe as far as that is possible without a container engine.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./pnpm.mjs";

/** The user and group `nobody` of Linux: like `node` in the image, it owns none of the installed files. */
const NOBODY = 65_534;
const CONTAINER = join(root, "container");

/**
 * Runs the entry point of the Dockerfile with the options of compose.yaml, without root rights, and its health check. Then
 * stops it, and starts it again on the state that it saved.
 * @param fota path of the installed command
 * @param folder a folder for the state; must not exist
 */
export async function runEntryPoint(fota, folder) {
  const dockerfile = readFileSync(join(CONTAINER, "Dockerfile"), "utf8");
  const [, ...entryPoint] = arrayAfter(dockerfile, "ENTRYPOINT");
  const options = arrayAfter(readFileSync(join(CONTAINER, "compose.yaml"), "utf8"), "command:");
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    chmodSync(dirname(folder), 0o755);
    chownSync(data, NOBODY, NOBODY);
  }
  const run = {
    fota,
    args: [...entryPoint, ...options.map((option) => (option === "/data" ? data : option))],
    healthCheck: arrayAfter(dockerfile, "CMD"),
    processOptions: {
      cwd: data,
      env: { PATH: process.env.PATH, HOME: data, TMPDIR: data },
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    },
  };
  await startAndStop(run);
  await startAndStop(run);
  statSync(join(data, "ca/ca.pem")); // where docs/local.md says that the CA is
}

async function startAndStop({ fota, args, healthCheck, processOptions }) {
  const options = { ...processOptions, stdio: ["ignore", "pipe", "inherit"] };
  const child = spawn(fota, [...args, "--json", "--ports", "auto"], options);
  try {
    const ended = once(child, "exit");
    const ready = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
    const { endpoint } = JSON.parse(ready[0]);
    const things = await fetch(`${endpoint}/things`, { headers: { authorization: signedFor("iot") } });
    if (!(await things.text()).includes('"lamp-1"'))
      throw new Error("the thing of compose.yaml is not there");
    const healthStatus = () => {
      const [program, ...rest] = healthCheck.map((part) => part.replace("http://127.0.0.1:4566", endpoint));
      return spawnSync(program, rest, { env: processOptions.env }).status;
    };
    if (healthStatus() !== 0) throw new Error("the health check fails while the container is healthy");
    child.kill("SIGTERM");
    const [code] = await ended;
    if (code !== 0) throw new Error(`exit code ${code} after SIGTERM`);
    if (healthStatus() !== 1) throw new Error("the health check succeeds after the stop");
  } finally {
    child.kill("SIGKILL");
  }
}

/** Returns the JSON array that follows `word` at the start of a line. */
function arrayAfter(text, word) {
  const [, json] = new RegExp(`^ *${word} (\\[.*\\])$`, "m").exec(text) ?? [];
  if (json === undefined) throw new Error(`there is no ${word} with an array`);
  return JSON.parse(json);
}

function signedFor(service) {
  return `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
}

/** Writes the Testcontainers snippet of docs/local.md to a file, so that its types can be checked. */
export function writeSnippet(path) {
  const page = readFileSync(join(root, "docs/local.md"), "utf8");
  const [, snippet] = /```ts\n(import [^\n]*"testcontainers";\n.*?)```/s.exec(page) ?? [];
  if (snippet === undefined) throw new Error("docs/local.md has no snippet for Testcontainers");
  writeFileSync(path, snippet.replace("// ... run what you test", "void mqttUrl;"));
}
