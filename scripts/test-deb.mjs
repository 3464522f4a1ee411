// `npm run test:deb`: installs the Debian package of fota-agent in a fresh Debian, follows docs/first-device.md there, and
// upgrades, removes and purges the package. `npm run test:deb -- trixie` does it with Debian 13 and the package for all
// architectures. Needs root, debootstrap and dpkg-dev; the first run makes the Debian, about a minute.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePackages } from "./deb.mjs";
import { whyNoMachine } from "./debian/machine.mjs";
import { whyNoDebian } from "./debian/root-folder.mjs";
import { setUpDevice } from "./first-device/device.mjs";
import { packageChecks } from "./first-device/package-checks.mjs";
import { openPage, readSections } from "./first-device/page-run.mjs";

/** The section before which the package is upgraded. */
const UPGRADE = "Upgrade, remove, purge";
const suite = process.argv[2] ?? "bookworm";
const why = whyNoMachine() ?? whyNoDebian(suite);
let passed = 0;
let current = "";
let failed = 0;
if (why === undefined) {
  try {
    await test();
  } catch (error) {
    failed = 1;
    process.exitCode = 1;
    console.error(`not ok  ${current}\n${error.message}`);
  }
} else {
  console.log(`skipped: ${why}`);
}
console.log(`\n${passed} passed, ${failed} failed, ${why === undefined ? 0 : 1} skipped`);

async function test() {
  const folder = mkdtempSync(join(tmpdir(), "fota-deb-"));
  let device;
  let page;
  try {
    const [withNode, forNodejs] = await step("the packages are made", () => makePackages({ isFast: true }));
    const [used, other] = suite === "bookworm" ? [withNode, forNodejs] : [forNodejs, withNode];
    await step("the same sources make the same bytes", () => isReproducible([withNode, forNodejs]));
    await step("lintian finds no errors and no warnings", () => lint([used, other]));
    device = await step(`Debian ${suite} boots`, () => setUpDevice(suite, join(folder, "device")));
    const checks = packageChecks(device, used, folder);
    if (suite === "bookworm") {
      await step("apt refuses the package that needs a newer nodejs", () => checks.refuses(other));
    }
    page = openPage(join(folder, "computer"), device, used);
    for (const [heading, blocks] of readSections()) {
      if (heading === UPGRADE) {
        await step("both services start with the device, on the confirmed image", () => checks.restarts());
        await step("an upgrade keeps settings and identity, and the application runs on", () =>
          checks.upgrades(),
        );
      }
      await step(`docs/first-device.md: ${heading}`, () => page.follow(blocks));
    }
    await step("after that, images and identity are there, and nothing else", () => checks.isPurged());
    await step("a purge without images and identity leaves nothing", () => checks.purgesAll());
  } finally {
    await page?.stop();
    await device?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function step(what, task) {
  current = what;
  const beganMs = Date.now();
  const result = await task();
  console.log(`ok  ${what}  (${((Date.now() - beganMs) / 1000).toFixed(1)} s)`);
  passed += 1;
  return result;
}

/** Makes the packages again, as a user with other habits, and compares them. */
async function isReproducible(files) {
  const digests = () => files.map((file) => createHash("sha256").update(readFileSync(file)).digest("hex"));
  const before = digests();
  const umask = process.umask(0o077);
  try {
    await makePackages({ isFast: true });
  } finally {
    process.umask(umask);
  }
  if (digests().join() !== before.join()) throw new Error(`${files.join(" or ")} differs`);
}

/** Does nothing without lintian. */
function lint(files) {
  const args = ["--fail-on", "error,warning", "--allow-root", ...files];
  const { status, stdout, stderr, error } = spawnSync("lintian", args, { encoding: "utf8" });
  if (error?.code !== "ENOENT" && status !== 0) throw new Error(`lintian: ${error ?? `${stdout}${stderr}`}`);
}
