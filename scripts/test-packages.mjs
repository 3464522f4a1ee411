// `npm run test:packages`: packs the four packages, installs them with npm and with pnpm into empty projects as a new
// user would, and tries what their READMEs promise.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { runEntryPoint, writeSnippet } from "./container.mjs";
import { makeExecutable } from "./executable/make-executable.mjs";
import { FOTA } from "./executable/programs.mjs";
import { followGettingStarted } from "./getting-started.mjs";
import { OUT, packAll } from "./pack-packages.mjs";
import { cleanEnv, root, runPnpm } from "./pnpm.mjs";

const BIN = join(root, "node_modules/.bin");
const MAX_UNPACKED_BYTES = { fota: 3_000_000 };
const ENTRIES = [
  "fota",
  "@fota/agent",
  "@fota/agent/node",
  "@fota/agent/aws-sdk",
  "@fota/agent/trust",
  "@fota/agent/delta",
  "@fota/agent/inventory",
  "@fota/agent/ed25519",
  "@fota/agent/testing",
  "@fota/local",
  "@fota/shared",
];
/** Lists names that each entry must export. */
const NAMES = {
  fota: ["publish", "isFotaError"],
  "@fota/agent": ["Fota", "FotaAgent", "Jobs"],
  "@fota/agent/node": ["connectThing", "nodeDevice"],
  "@fota/agent/ed25519": ["verifyEd25519"],
  "@fota/local": ["startLocal"],
  "@fota/shared": ["parseJobDocument"],
};

/** `@fota/agent/ed25519` needs `@noble/curves`, which its package does not install. */
const BESIDE = ["@types/node@20", "@noble/curves@2"];
const INSTALL = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

const folder = mkdtempSync(join(tmpdir(), "fota-packages-"));
const project = join(folder, "project");
const started = new Set();
process.on("exit", () => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const tarballs = packAll();
for (const tarball of tarballs)
  step(`${basename(tarball)} holds what it should`, () => checkContent(tarball));
step("fota installs alone, without another package", installAlone);
step("all four install into one project", installAll);
step("every entry can be imported and required", () => loadEntries(project));
step("the types resolve under nodenext and bundler, without the DOM", () => checkTypes(project));
const strict = join(folder, "pnpm");
step("all four install with pnpm, where a package reaches only what it depends on", () =>
  installStrictly(strict),
);
step("every entry can be imported and required there", () => loadEntries(strict));
step("the types resolve there", () => checkTypes(strict));
step("an image is built there, and runs alone", () => buildImage(strict));
step("a program that is bundled with fota runs alone", () => bundleLibrary(strict));
for (const name of readdirSync(join(project, "node_modules/@fota")))
  lint(join(project, "node_modules/@fota", name));
lint(join(project, "node_modules/fota"));
for (const tarball of tarballs) {
  step(`${basename(tarball)}: are the types wrong?`, () =>
    run(join(BIN, "attw"), [tarball, "--profile", "node16", "--ignore-rules", "cjs-resolves-to-esm"]),
  );
}
const BINS = join(project, "node_modules/.bin");
step("fota-boot runs", () => run(join(BINS, "fota-boot"), ["--help"], project));
step("npx @fota/agent runs the builder", () => run("npx", ["--no", "@fota/agent", "--", "--help"], project));
const command = [process.execPath, join(project, "node_modules/fota/dist/fota.cjs")];
await step("a publish comes to SUCCEEDED on a device", () => publishToDevice(command));
await stepOnLinux("docs/getting-started.md works, word by word", () =>
  followGettingStarted(join(folder, "getting-started"), tarballs),
);
await stepOnLinux("the container's entry point runs without root rights, and its health check works", () =>
  runEntryPoint(join(BINS, "fota"), join(folder, "container")),
);
step("the Testcontainers snippet of docs/local.md fits its types", checkTestcontainers);
let executable = "";
await step("the executable is built", async () => {
  ({ file: executable } = await makeExecutable(FOTA, OUT));
});
await step("a publish of the executable comes to SUCCEEDED too", () => publishToDevice([executable]));
console.log("all packages work");

function step(what, task) {
  const beganMs = Date.now();
  const done = () => console.log(`ok  ${what}  (${((Date.now() - beganMs) / 1000).toFixed(1)} s)`);
  const failed = (error) => {
    console.error(`not ok  ${what}\n${error.message}`);
    process.exit(1);
  };
  try {
    const result = task();
    return result instanceof Promise ? result.then(done, failed) : done();
  } catch (error) {
    return failed(error);
  }
}

/** For what is only for Linux: `fota-boot` and containers. */
function stepOnLinux(what, task) {
  if (process.platform === "linux") return step(what, task);
  console.log(`skipped  ${what}: it needs Linux`);
}

function checkContent(tarball) {
  const out = join(folder, basename(tarball, ".tgz"));
  mkdirSync(out);
  run("tar", ["xzf", tarball, "-C", out]);
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  const wrong = paths.filter((path) => /\.map$|tsbuildinfo|\.test\.|\/src\//.test(path));
  if (wrong.length > 0) throw new Error(`it holds ${wrong.join(", ")}`);
  for (const name of ["README.md", "LICENSE"]) readFileSync(join(out, "package", name));
  const text = readFileSync(join(out, "package/package.json"), "utf8");
  if (/@fota\/source|workspace:|catalog:/.test(text))
    throw new Error("its manifest names what only this repository has");
  const manifest = JSON.parse(text);
  for (const field of ["engines", "repository", "homepage", "bugs", "keywords", "license", "description"]) {
    if (manifest[field] === undefined) throw new Error(`its manifest has no ${field}`);
  }
  const code = paths.filter((path) => /\.[cm]?js$/.test(path)).map((path) => readFileSync(path, "latin1"));
  if (code.some((one) => one.includes("sourceMappingURL=") && !one.includes('sourceMappingURL="')))
    throw new Error("a file names a source map that is not there");
  const bytes = paths.reduce((sum, path) => sum + readFileSync(path).length, 0);
  const limit = MAX_UNPACKED_BYTES[manifest.name];
  if (limit === undefined) return;
  if (bytes > limit) throw new Error(`it unpacks to ${bytes} bytes, the limit is ${limit}`);
  console.log(`    ${manifest.name} unpacks to ${bytes} bytes, the limit is ${limit}`);
}

function installAlone() {
  const alone = join(folder, "alone");
  newProject(alone);
  run("npm", [...INSTALL, tarballOf("fota")], alone);
  const installed = readdirSync(join(alone, "node_modules")).filter((name) => !name.startsWith("."));
  if (installed.join() !== "fota") throw new Error(`npm installed ${installed.join(", ")}`);
  run(join(alone, "node_modules/.bin/fota"), ["--version"], alone);
  run(process.execPath, ["--input-type=module", "-e", 'await import("fota")'], alone);
}

function installAll() {
  newProject(project);
  run("npm", [...INSTALL, ...tarballs, ...BESIDE], project);
}

function installStrictly(project) {
  newProject(project);
  // They are in no registry yet.
  const own = tarballs.map((path) => `  "${nameOf(path)}": ${JSON.stringify(`file:${path}`)}`);
  const settings = ["overrides:", ...own, "allowBuilds:", "  esbuild: false", "preferOffline: true", ""];
  writeFileSync(join(project, "pnpm-workspace.yaml"), settings.join("\n"));
  const args = ["add", "--silent", ...tarballs, ...BESIDE, "esbuild"];
  if (runPnpm(args, { cwd: project }) !== 0) throw new Error(`pnpm ${args.join(" ")} failed`);
  run("npx", ["fota", "--version"], project);
}

function buildImage(project) {
  const entries = ENTRIES.filter((entry) => entry.startsWith("@fota/agent") && !entry.endsWith("/testing"));
  const imports = entries.map((entry, i) => `import * as entry${i} from "${entry}";`).join("\n");
  const names = entries.map((_, i) => `entry${i}`).join(", ");
  const program = `${imports}\nconsole.log([${names}].every((entry) => Object.keys(entry).length > 0));\n`;
  writeFileSync(join(project, "app.ts"), program);
  const image = join(folder, "image");
  run("npx", ["@fota/agent", "build", "app.ts", "-o", image, "--version", "1.0.0"], project);
  if (run(process.execPath, [image], folder).trim() !== "true")
    throw new Error("an entry is empty in the image");
}

/** As for AWS Lambda: programs that publish are often deployed as one file. */
function bundleLibrary(project) {
  const program = `import { publish } from "fota";
publish({ images: ["none.bin"], slot: 1, to: ["t"], bucket: "fw-releases" }).catch(({ code }) => console.log(code));
`;
  writeFileSync(join(project, "publisher.mjs"), program);
  for (const [format, end] of Object.entries({ esm: "mjs", cjs: "cjs" })) {
    const bundle = join(folder, `publisher.${end}`);
    const options = ["--bundle", "--platform=node", `--format=${format}`, `--outfile=${bundle}`];
    run("npx", ["esbuild", "publisher.mjs", ...options], project);
    const code = run(process.execPath, [bundle], folder).trim();
    if (code !== "IMAGE_NOT_FOUND") throw new Error(`the ${format} bundle fails with ${code}`);
  }
}

function loadEntries(project) {
  const wanted = JSON.stringify(NAMES);
  const script = (load) => `
    for (const entry of ${JSON.stringify(ENTRIES)}) {
      const loaded = ${load};
      for (const name of (${wanted})[entry] ?? []) if (loaded[name] === undefined) throw new Error(entry + " lacks " + name);
    }`;
  run(process.execPath, ["--input-type=module", "-e", script("await import(entry)")], project);
  run(process.execPath, ["--input-type=commonjs", "-e", script("require(entry)")], project);
}

function checkTypes(project) {
  const imports = ENTRIES.map((entry, i) => `import * as entry${i} from "${entry}";\nvoid entry${i};`).join(
    "\n",
  );
  writeFileSync(
    join(project, "consumer.ts"),
    `${imports}
import { publish, status } from "fota";
import { FotaAgent, Jobs } from "@fota/agent";
import { connectThing, nodeDevice } from "@fota/agent/node";
export async function start(): Promise<void> {
  const thing = await connectThing({ endpoint: "e", thingName: "t", cert: "c", key: "k", ca: "a" });
  new FotaAgent(nodeDevice({ dir: "/tmp/x" }), new Jobs(thing), { selfTest: () => true }).start();
  const published = await publish({ images: ["a.bin"], slot: 1, to: ["t"], bucket: "fw-releases" });
  const { state, size }: { state: string; size: number } = {
    state: (await status(published.jobId)).status,
    size: published.images[0]?.size ?? 0,
  };
  console.log(state, size);
  // @ts-expect-error: a result whose types are lost would be any, and would have every property
  console.log(published.document.bc_none);
}
`,
  );
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const options = { target: "es2022", lib: ["es2022"], types: ["node"], strict: true, noEmit: true };
    const compilerOptions = { ...options, module, moduleResolution, skipLibCheck: false };
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["consumer.ts"] }),
    );
    run(join(BIN, "tsc"), ["-p", "tsconfig.json"], project);
  }
}

/** Without the packages that testcontainers depends on: only its own types count here. */
function checkTestcontainers() {
  const [tarball] = run("npm", ["pack", "testcontainers@12", "--silent"], folder).trim().split("\n");
  const installed = join(project, "node_modules/testcontainers");
  mkdirSync(installed);
  run("tar", ["xzf", join(folder, tarball), "-C", installed, "--strip-components=1"]);
  writeSnippet(join(project, "container.mts"));
  const options = { target: "es2022", lib: ["es2022"], types: ["node"], strict: true, noEmit: true };
  const compilerOptions = { ...options, module: "nodenext", skipLibCheck: true };
  const files = ["container.mts"];
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  run(join(BIN, "tsc"), ["-p", "tsconfig.json"], project);
}

function lint(installed) {
  step(`${basename(installed)}: publint`, () => run(join(BIN, "publint"), ["--strict", installed]));
}

/** @param command program and first arguments: what starts fota without a shell, so that it can be killed */
async function publishToDevice([program, ...first]) {
  const seeds = ["--bucket", "firmware", "--thing", "lamp-1"];
  const local = start(program, [...first, "local", "--json", "--ports", "auto", ...seeds]);
  const cloud = JSON.parse(await firstLine(local));
  const env = {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
  const state = mkdtempSync(join(folder, "device-"));
  const device = ["device", "--thing", "lamp-1", "--dir", state, "--mqtt", cloud.mqtt, "--quiet"];
  start(program, [...first, ...device], env).stdout.resume();
  writeFileSync(join(project, "app.bin"), "firmware");
  const args = ["publish", "app.bin", "--slot", "any", "--to", "lamp-1", "--bucket", "firmware"];
  run(program, [...first, ...args, "--wait", "--timeout", "60s"], project, env);
  for (const child of started) child.kill("SIGKILL");
}

/** Returns the name of the package in a tarball: fota, or @fota/agent of fota-agent-1.2.0.tgz. */
function nameOf(tarball) {
  return basename(tarball)
    .replace(/-\d.*$/, "")
    .replace(/^fota-/, "@fota/");
}

function tarballOf(name) {
  return tarballs.find((file) => new RegExp(`^${name}-\\d`).test(basename(file)));
}

function newProject(path) {
  mkdirSync(path);
  writeFileSync(join(path, "package.json"), JSON.stringify({ name: basename(path), private: true }));
}

/** Runs a program and waits until it exits. @throws with its output when it fails */
function run(program, args, cwd = root, env = {}) {
  const options = {
    cwd,
    encoding: "utf8",
    env: { ...cleanEnv(), ...env },
    // Windows starts npm and other .cmd files only by a shell, which would change the code after `node -e`.
    shell: process.platform === "win32" && !program.endsWith(".exe"),
  };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (status !== 0)
    throw new Error(`${basename(program)} ${args.join(" ")}: ${error ?? `${stdout}${stderr}`}`);
  return stdout;
}

/** Starts a program that runs until this one ends. */
function start(program, args, env = {}) {
  const options = { cwd: project, env: { ...cleanEnv(), ...env }, stdio: ["ignore", "pipe", "inherit"] };
  const child = spawn(program, args, options);
  started.add(child);
  return child;
}

/** Returns the first line of a program that keeps running. */
async function firstLine({ stdout }) {
  for await (const line of createInterface({ input: stdout })) {
    stdout.resume(); // a full pipe would block it
    return line;
  }
  throw new Error("it ended without a line");
}
