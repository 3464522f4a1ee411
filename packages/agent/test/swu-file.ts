import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InstallerKey } from "./installer-key.js";

/** Why SWUpdate cannot run here; `undefined` if it can. */
export const swupdateMissing =
  spawnSync("swupdate", ["--version"]).error === undefined ? undefined : "Debian: swupdate";

/** Returns a signed .swu file that writes `image` to one of `devices`, selected as `stable,slot-N`, on hardware of revision 1. */
export function makeSwu(
  folder: string,
  { key, certificate }: InstallerKey,
  devices: readonly string[],
  image: Uint8Array,
): Buffer {
  const sha256 = createHash("sha256").update(image).digest("hex");
  const selections = devices.map(
    (device, slot) =>
      `slot-${slot}: { images: ( { filename = "image"; device = "${device}"; type = "raw"; sha256 = "${sha256}"; } ); };`,
  );
  const description = `software = { version = "1.0"; hardware-compatibility: [ "1" ]; stable = { ${selections.join("\n")} } }\n`;
  const [plain, signed] = [join(folder, "sw-description"), join(folder, "sw-description.sig")];
  writeFileSync(plain, description);
  const output = ["-out", signed, "-outform", "DER", "-nosmimecap", "-binary"];
  execFileSync("openssl", ["cms", "-sign", "-in", plain, "-signer", certificate, "-inkey", key, ...output]);
  return archiveOf([
    ["sw-description", Buffer.from(description)],
    ["sw-description.sig", readFileSync(signed)],
    ["image", image],
    ["TRAILER!!!", Buffer.alloc(0)],
  ]);
}

/** A cpio archive in the format "new ASCII with CRC" (cpio(5)). */
function archiveOf(files: readonly (readonly [name: string, content: Uint8Array])[]): Buffer {
  const hex = (value: number) => value.toString(16).padStart(8, "0");
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  const parts = files.map(([name, content], i) => {
    const checksum = content.reduce((sum, byte) => (sum + byte) >>> 0, 0);
    const fields = [i + 1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, checksum];
    const head = Buffer.from(`070702${fields.map(hex).join("")}${name}\0`);
    return Buffer.concat([padded(head), padded(content)]);
  });
  return Buffer.concat(parts);
}
