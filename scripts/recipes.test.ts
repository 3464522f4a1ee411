import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const AGENT = join(ROOT, "packages/agent");
const LAYER = join(ROOT, "examples/yocto/meta-fota");
const BUILDROOT = join(ROOT, "examples/buildroot");
const manifest = JSON.parse(readFileSync(join(AGENT, "package.json"), "utf8"));
const [recipeName = ""] = readdirSync(join(LAYER, "recipes-core/fota-agent"));
const recipe = readFileSync(join(LAYER, "recipes-core/fota-agent", recipeName), "utf8");
const makefile = readFileSync(join(BUILDROOT, "package/fota-agent/fota-agent.mk"), "utf8");

const hasMake = spawnSync("make", ["--version"]).error === undefined;
const hasKconfig = spawnSync("/usr/bin/python3", ["-c", "import kconfiglib"]).status === 0;

let dir: string;
/** What the tarball of the package contains, except for the library. */
let source: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-recipes-"));
  source = join(dir, "source");
  cpSync(join(ROOT, "LICENSE"), join(source, "LICENSE"));
  for (const path of manifest.files.filter((path: string) => !/[*!]/.test(path)))
    cpSync(join(AGENT, path), join(source, path), { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("both recipes are for the version of the package", () => {
  expect(recipeName).toBe(`fota-agent_${manifest.version}.bb`);
  expect(makefile).toContain(`\nFOTA_AGENT_VERSION = ${manifest.version}\n`);
});

test("both recipes name all licenses of the package", () => {
  const license = readFileSync(join(ROOT, "LICENSE"));
  expect(recipe).toContain(`file://LICENSE;md5=${createHash("md5").update(license).digest("hex")}`);
  const notices = readFileSync(join(source, "dist/THIRD-PARTY-NOTICES.txt"), "utf8");
  const names = [...notices.matchAll(/^License: (.*)$/gm)].map(([, name]) => name);
  const all = [...new Set([manifest.license, ...names])].sort();
  expect(/^LICENSE = "(.*)"$/m.exec(recipe)?.[1]?.split(" & ").sort()).toEqual(all);
  const inBuildroot = /^FOTA_AGENT_LICENSE = (.*) \(bundled software\)$/m.exec(makefile)?.[1];
  expect(inBuildroot?.split(", ").sort()).toEqual(all);
});

test("the recipe of Yocto installs programs that run, the units, and the rights for the boot loaders", () => {
  const target = join(dir, "yocto");
  const [, body = ""] = /^do_install\(\) \{\n(.*?)^\}$/ms.exec(recipe) ?? [];
  const paths = { bindir: "/usr/bin", libdir: "/usr/lib", datadir: "/usr/share", sysconfdir: "/etc" };
  const unitdir = { systemd_system_unitdir: "/usr/lib/systemd/system" };
  const env = { ...paths, ...unitdir, S: source, D: target, FOTA_AGENT_SLOTS: "uboot swupdate" };
  // BitBake runs its functions with `sh -e`.
  run("sh", ["-eu", "-c", body], { ...env, PATH: process.env["PATH"] ?? "" });
  expectInstalled(target, { slots: ["swupdate.conf", "uboot.conf"], programs: ["/usr/lib/fota-agent"] });
});

test.skipIf(!hasMake)("the package of Buildroot installs the same", () => {
  const target = join(dir, "buildroot");
  mkdirSync(target);
  const stub = join(dir, "Makefile");
  writeFileSync(
    stub,
    `INSTALL = install
TARGET_DIR = ${target}
BR2_PACKAGE_FOTA_AGENT_SLOTS = "uboot swupdate"
BR2_EXTERNAL_FOTA_PATH = ${BUILDROOT}
qstrip = $(strip $(subst ",,$(1)))
generic-package =
include ${BUILDROOT}/external.mk
${source}/.stamp_target_installed:
\t$(FOTA_AGENT_INSTALL_TARGET_CMDS)
\t$(FOTA_AGENT_INSTALL_INIT_SYSTEMD)
`,
  );
  run("make", ["-f", stub, `${source}/.stamp_target_installed`]);
  expectInstalled(target, {
    slots: ["swupdate.conf", "uboot.conf"],
    programs: ["/usr/lib/fota-agent", "/usr/bin"],
  });
});

test.skipIf(!hasKconfig)("the options of Buildroot parse, and need nodejs and systemd", () => {
  const kconfig = join(dir, "Kconfig");
  const have = (name: string) => `config ${name}\n\tbool "${name}"\n`;
  writeFileSync(
    kconfig,
    `${have("BR2_PACKAGE_NODEJS")}${have("BR2_INIT_SYSTEMD")}source "$BR2_EXTERNAL_FOTA_PATH/Config.in"\n`,
  );
  const script = `
import kconfiglib, sys
k = kconfiglib.Kconfig(sys.argv[1], warn_to_stderr=False)
def visible(): return k.syms["BR2_PACKAGE_FOTA_AGENT"].visibility
before = visible()
for name in ("BR2_PACKAGE_NODEJS", "BR2_INIT_SYSTEMD"): k.syms[name].set_value(2)
print(before, visible(), len(k.warnings))
`;
  const env = { ...process.env, BR2_EXTERNAL_FOTA_PATH: BUILDROOT };
  expect(run("/usr/bin/python3", ["-c", script, kconfig], env)).toBe("0 2 0\n");
});

function expectInstalled(target: string, { slots, programs }: { slots: string[]; programs: string[] }): void {
  for (const folder of programs) {
    const [first = ""] = readdirSync(join(target, folder)).filter((name) => name.startsWith("fota-agent"));
    expect(run(process.execPath, [join(target, folder, first), "--version"])).toBe(`${manifest.version}\n`);
  }
  expect(readdirSync(join(target, "usr/bin")).sort()).toEqual(["fota-agent", "fota-boot"]);
  const units = join(target, "usr/lib/systemd/system");
  expect(readdirSync(units).sort()).toEqual([
    "fota-agent.service",
    "fota-agent.service.d",
    "fota-boot.service",
  ]);
  expect(readdirSync(join(units, "fota-agent.service.d")).sort()).toEqual(["configured.conf", ...slots]);
  for (const path of ["etc/fota/hooks.d", "etc/fota/jobs.d", "usr/share/fota-agent/fota-agent.schema.json"])
    expect(existsSync(join(target, path)), path).toBe(true);
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, encoding: "utf8" });
  expect({ status, stderr, error }).toEqual({ status: 0, stderr: "", error: undefined });
  return stdout;
}
