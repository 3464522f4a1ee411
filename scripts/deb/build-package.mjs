// Makes a Debian package from a list of files, by dpkg-deb alone. The same files and time make the same bytes.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { interruptible } from "../interruptible.mjs";

/**
 * Makes a package. It replaces `file` when it is complete; an error, SIGINT or SIGTERM leave nothing behind.
 * @param spec `{ fields, description, files, scripts }`: the control fields in their sequence, the long
 * description, the files (`{ path }` with `text`, `from`, `link` or `folder`, and `mode`, `isConffile`), and the text of
 * each maintainer script by its name
 * @param file path of the package
 * @param options `{ epochSeconds, compression }`: the time of all files, and the arguments of dpkg-deb
 * @throws if dpkg-deb fails
 */
export async function buildPackage(spec, file, options) {
  await interruptible(async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "fota-deb-"));
    const partial = `${file}.partial`; // in the same folder, so that it can be renamed
    try {
      placeAll(folder, spec);
      mkdirSync(dirname(file), { recursive: true });
      await pack(folder, partial, options, signal);
      renameSync(partial, file);
    } finally {
      rmSync(partial, { force: true });
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** Runs dpkg-deb, in a process group of its own, because it has children that compress. */
async function pack(folder, file, { epochSeconds, compression }, signal) {
  const args = ["--root-owner-group", ...compression, "--build", folder, file];
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) };
  const child = spawn("dpkg-deb", args, { env, detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const stop = () => process.kill(-child.pid, "SIGTERM");
  child.once("spawn", () => signal.addEventListener("abort", stop));
  child.once("exit", () => signal.removeEventListener("abort", stop));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const [status, killedBy] = await once(child, "close");
  if (status !== 0) throw new Error(`dpkg-deb: ${stderr || `ended with ${killedBy ?? status}`}`);
}

function placeAll(folder, { fields, description, files, scripts }) {
  for (const entry of files) place(folder, entry);
  const control = join(folder, "DEBIAN");
  makeFolders(folder, "DEBIAN");
  const write = (name, text, mode = 0o644) => {
    writeFileSync(join(control, name), text);
    chmodSync(join(control, name), mode);
  };
  write("control", controlOf({ ...fields, "Installed-Size": installedSizeKib(folder, files) }, description));
  write("md5sums", md5sumsOf(folder, files));
  write("conffiles", files.flatMap(({ path, isConffile }) => (isConffile ? [`/${path}\n`] : [])).join(""));
  for (const [name, text] of Object.entries(scripts)) write(name, text, 0o755);
  chmodSync(folder, 0o755);
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
