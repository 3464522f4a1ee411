// Makes a Debian package from a list of files, by dpkg-deb alone. The same files and time make the same bytes.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Makes a package.
 * @param spec `{ fields, description, files, scripts }`: the control fields in their sequence, the long
 * description, the files (`{ path }` with `text`, `from`, `link` or `folder`, and `mode`, `isConffile`), and the text of
 * each maintainer script by its name
 * @param file path of the package
 * @param options `{ epochSeconds, compression }`: the time of all files, and the arguments of dpkg-deb
 * @throws if dpkg-deb fails
 */
export function buildPackage({ fields, description, files, scripts }, file, { epochSeconds, compression }) {
  const folder = mkdtempSync(join(tmpdir(), "fota-deb-"));
  try {
    for (const entry of files) place(folder, entry);
    const control = join(folder, "DEBIAN");
    makeFolders(folder, "DEBIAN");
    const write = (name, text, mode = 0o644) => {
      writeFileSync(join(control, name), text);
      chmodSync(join(control, name), mode);
    };
    write(
      "control",
      controlOf({ ...fields, "Installed-Size": installedSizeKib(folder, files) }, description),
    );
    write("md5sums", md5sumsOf(folder, files));
    write("conffiles", files.flatMap(({ path, isConffile }) => (isConffile ? [`/${path}\n`] : [])).join(""));
    for (const [name, text] of Object.entries(scripts)) write(name, text, 0o755);
    mkdirSync(dirname(file), { recursive: true });
    chmodSync(folder, 0o755);
    const args = ["--root-owner-group", ...compression, "--build", folder, file];
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) };
    const { status, stderr, error } = spawnSync("dpkg-deb", args, { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`dpkg-deb: ${error ?? stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function place(folder, { path, text, from, link, mode = 0o644 }) {
  const at = join(folder, path);
  makeFolders(folder, dirname(path));
  if (link !== undefined) return symlinkSync(link, at);
  if (text !== undefined) writeFileSync(at, text);
  else if (from !== undefined) copyFileSync(from, at);
  else return makeFolders(folder, path);
  chmodSync(at, mode);
}

/** Makes a folder and those above it, with the same rights whatever the umask is. */
function makeFolders(folder, path) {
  if (path === ".") return;
  makeFolders(folder, dirname(path));
  mkdirSync(join(folder, path), { recursive: true });
  chmodSync(join(folder, path), 0o755);
}

function controlOf(fields, description) {
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  const [summary, ...paragraphs] = description;
  const long = paragraphs.map((paragraph) => paragraph.replace(/^/gm, " ")).join("\n .\n");
  return `${lines.join("\n")}\nDescription: ${summary}\n${long}\n`;
}

/** Estimates as dpkg-gencontrol does: files in whole KiB, and 1 KiB for anything else. */
function installedSizeKib(folder, files) {
  const kib = ({ path, text, from }) =>
    text === undefined && from === undefined ? 1 : Math.ceil(readFileSync(join(folder, path)).length / 1024);
  return files.reduce((sum, entry) => sum + kib(entry), 0);
}

function md5sumsOf(folder, files) {
  const regular = files.filter(({ text, from, isConffile }) => !isConffile && (text ?? from) !== undefined);
  return regular
    .map(
      ({ path }) =>
        `${createHash("md5")
          .update(readFileSync(join(folder, path)))
          .digest("hex")}  ${path}\n`,
    )
    .sort()
    .join("");
}
