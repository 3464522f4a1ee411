// What the Debian packages of fota-agent contain.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pnpm.mjs";
import { copyrightFile, debianChangelog } from "./debian-texts.mjs";
import { nodejsRange } from "./dependencies.mjs";
import { helpSections, manPage } from "./man-pages.mjs";

const AGENT = join(root, "packages/agent");
const NAME = "fota-agent";
const DOC = `usr/share/doc/${NAME}`;
const UNITS = "usr/lib/systemd/system";
const read = (path) => readFileSync(join(AGENT, path), "utf8");
const manifest = JSON.parse(read("package.json"));
const HOMEPAGE = manifest.homepage.replace(/#.*$/, "");
const MAINTAINER = "The fota authors <fota-iot@users.noreply.github.com>";

/**
 * Describes the package for one architecture, which contains Node.js.
 * @param executable `{ file, notices }`, as `makeExecutable` returns them
 * @param options `{ architecture, libraries, epochSeconds }`: `libraries` for `Depends`
 */
export function packageWithNode({ file, notices }, { architecture, libraries, epochSeconds }) {
  return describe({
    architecture,
    depends: libraries,
    about: "This package contains Node.js, so it runs without the package nodejs.",
    programs: [
      { path: "usr/bin/fota-agent", from: file, mode: 0o755 },
      { path: "usr/bin/fota-boot", link: "fota-agent" },
    ],
    notices: readFileSync(notices, "utf8"),
    // Node.js comes as one binary, with its own copies of libraries, and on some architectures not as a PIE.
    overrides: ["embedded-library", "hardening-no-pie"],
    epochSeconds,
  });
}

/** Describes the package for all architectures, which needs the package nodejs. */
export function packageForNodejs({ epochSeconds }) {
  const program = (name) => [
    {
      path: `usr/lib/fota-agent/${name}.cjs`,
      text: read(`dist/${name}.cjs`).replace(/^#!.*/, "#!/usr/bin/node"),
      mode: 0o755,
    },
    { path: `usr/bin/${name}`, link: `../lib/fota-agent/${name}.cjs` },
  ];
  return describe({
    architecture: "all",
    depends: nodejsRange(manifest.engines.node),
    about: "This package needs the package nodejs of Debian 13 or newer.",
    programs: [...program("fota-agent"), ...program("fota-boot")],
    notices: read("dist/THIRD-PARTY-NOTICES.txt"),
    overrides: [],
    epochSeconds,
  });
}

function describe({ architecture, depends, about, programs, notices, overrides, epochSeconds }) {
  const { version } = manifest;
  const license = readFileSync(join(root, "LICENSE"), "utf8");
  const facts = { name: NAME, version, maintainer: MAINTAINER, homepage: HOMEPAGE, epochSeconds };
  return {
    fields: {
      Package: NAME,
      Version: version,
      Architecture: architecture,
      Maintainer: MAINTAINER,
      Section: "admin",
      Priority: "optional",
      Depends: depends,
      Homepage: HOMEPAGE,
    },
    description: [
      "firmware updates by AWS IoT Jobs",
      `fota-agent takes update jobs from AWS IoT Jobs. It downloads the image into
the slot that does not run, verifies it, boots it on trial, and confirms it
or reverts. It works with U-Boot, GRUB, UEFI, the firmware of a Raspberry Pi,
RAUC, SWUpdate, or fota-boot, which is the boot loader of an application.`,
      about,
    ],
    files: [
      ...programs,
      ...manPages(facts),
      { path: `${UNITS}/fota-agent.service`, text: read("systemd/fota-agent.service") },
      { path: `${UNITS}/fota-agent.service.d/configured.conf`, text: read("systemd/configured.conf") },
      { path: `${UNITS}/fota-boot.service`, text: read("systemd/fota-boot.service") },
      ...readdirSync(join(AGENT, "systemd/slots"))
        .sort()
        .map((name) => ({
          path: `usr/share/fota-agent/slots/${name}`,
          text: read(`systemd/slots/${name}`),
        })),
      { path: "usr/share/fota-agent/fota-agent.schema.json", text: read("fota-agent.schema.json") },
      { path: "etc/default/fota-agent", text: read("debian/default"), isConffile: true },
      { path: "etc/fota/hooks.d" },
      { path: "etc/fota/jobs.d" },
      { path: `${DOC}/changelog.gz`, text: debianChangelog(facts) },
      { path: `${DOC}/NOTICES.txt`, text: notices },
      {
        path: `${DOC}/copyright`,
        text: copyrightFile({ homepage: HOMEPAGE, license, noticesPath: `/${DOC}/NOTICES.txt` }),
      },
      ...(overrides.length === 0
        ? []
        : [
            {
              path: `usr/share/lintian/overrides/${NAME}`,
              text: overrides.map((tag) => `${NAME}: ${tag}\n`).join(""),
            },
          ]),
    ],
    scripts: Object.fromEntries(
      ["postinst", "prerm", "postrm"].map((name) => [name, read(`debian/${name}`)]),
    ),
  };
}

function manPages({ version, epochSeconds }) {
  const page = (name, summary, sections) => ({
    path: `usr/share/man/man1/${name}.1.gz`,
    text: manPage({ name, summary, sections, version, epochSeconds }),
  });
  const programOf = (name) => join(AGENT, `dist/${name}.cjs`);
  const seeAlso = (other) => ["SEE ALSO", `${other}(1), ${HOMEPAGE}/tree/v${version}/docs`];
  const files = `/etc/fota/agent.json             configuration: the files of \`fota thing create\`
/etc/fota/hooks.d, jobs.d        executables for updates and for other jobs
/etc/default/fota-agent          environment of the service
/usr/share/fota-agent/slots      for the service, by boot loader
/var/lib/fota                    state; images, if fota-boot is the boot loader`;
  return [
    page("fota-agent", "run firmware updates by AWS IoT Jobs", [
      ...helpSections(programOf("fota-agent")),
      ["FILES", files],
      seeAlso("fota-boot"),
    ]),
    page("fota-boot", "run an application, with updates on trial", [
      ...helpSections(programOf("fota-boot")).slice(0, 1),
      seeAlso("fota-agent"),
    ]),
  ];
}
