import { FotaError } from "@fota/shared";
import { decodeText } from "../files/text-file.js";

export interface ZtcImage {
  /** The relocated bytecode, as it goes into the slot. */
  image: Buffer;
  slot: number;
}

/**
 * Parses what `ztc -J link --file` writes: one JSON object with the bytecode in base64 (`bcbin`), linked for slot
 * `bc_idx` (P-1 to P-4). Ignores everything else in it, such as the virtual machine, which a bytecode update does not
 * need. Returns `undefined` for any other content.
 * @throws {FotaError} IMAGE_INVALID
 */
export function readZtcImage(json: Buffer, path: string): ZtcImage | undefined {
  const { bcbin, bc_idx: slot, has_vm: hasVm, vmbin } = parse(json, path);
  if (bcbin === undefined) return undefined;
  if (typeof bcbin !== "string") throw invalidZtcImage(path, "its bcbin, the bytecode, is not text");
  const image = Buffer.from(bcbin, "base64");
  // Buffer.from silently skips characters that are not base64, so less than was linked would be published.
  if (image.length === 0 || image.toString("base64").replace(/=+$/, "") !== withoutPadding(bcbin)) {
    throw invalidZtcImage(path, bcbin === "" ? "its bcbin is empty" : "its bcbin is not base64");
  }
  if (typeof slot !== "number" || !Number.isSafeInteger(slot) || slot < 0) {
    throw invalidZtcImage(path, `its bc_idx, the slot, is ${JSON.stringify(slot) ?? "missing"}`);
  }
  if (hasVm === true && vmbin !== "")
    throw invalidZtcImage(path, "it holds a virtual machine too: link it without --otavm");
  return { image, slot };
}

function parse(json: Buffer, path: string): Record<string, unknown> {
  const text = path.toLowerCase().endsWith(".json")
    ? decodeText(json, "IMAGE_INVALID", path)
    : json.toString();
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function withoutPadding(base64: string): string {
  return base64.replace(/\s+/g, "").replace(/=+$/, "");
}

export function invalidZtcImage(path: string, reason: string): FotaError {
  return new FotaError("IMAGE_INVALID", `${path} is not an image of \`ztc -J link\`: ${reason}`, {
    hint: "link with `ztc -J link ... --file app.json`; a raw binary must not be named .json",
  });
}
