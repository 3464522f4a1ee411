import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { errnoOf } from "../../boot/storage-error.js";
import { isRecord } from "../../core/guards.js";
import { type ImageFile, openImage } from "../bench/image-file.js";
import { installImage } from "../bench/install.js";
import { askDaemon } from "../control/client.js";
import type { Host } from "../program/host.js";
import type { Command, CommandInput } from "../program/program.js";
import { progressLine } from "../program/progress.js";
import { COMMON_HELP, change, JSON_OPTION } from "./device.js";

const HELP = `Usage: fota-agent install FILE [options]

Writes the image FILE into the slot that does not run, verifies it there and
restarts the device into it, on trial. The agent confirms it as it confirms the
image of a job: after it reached the broker and the self test passed.

The document describes the image: slot, digests, version, model, signatures. It
is what \`fota publish --dry-run --json\` prints and \`fota sign\` signs. A device
with trusted keys needs one.

  --document FILE
                 job document (default: FILE.json, if it exists)
  --fw-version VERSION
                 version of an image without a document
${COMMON_HELP}`;

export const installCommand: Command = {
  summary: "install an image from a file",
  help: HELP,
  options: { ...JSON_OPTION, document: { type: "string" }, "fw-version": { type: "string" } },
  args: ["FILE"],
  async run(input, host) {
    const path = resolve(host.cwd, input.args[0] ?? "");
    const document = await readDocument(input, path, host);
    const image = await openImage(path);
    const progress = progressLine(host);
    try {
      const request = { ...requestOf(image, document, input), file: basename(path) };
      return await change(input, host, {
        async ask(socket) {
          const options = { image: image.read(), onProgress: progress.show };
          return await askDaemon(socket, { command: "install", ...request }, options).finally(progress.end);
        },
        work: (bench) => installImage(bench, request, image.read(), progress.show).finally(progress.end),
      });
    } finally {
      await image.close();
    }
  },
};

function requestOf({ sizeBytes, md5, sha256 }: ImageFile, document: unknown, { values }: CommandInput) {
  const version = values["fw-version"] as string | undefined;
  if (version !== undefined && document !== undefined) {
    throw new FotaError("USAGE", "--fw-version cannot be combined with a document, which has the version", {
      hint: "leave out --fw-version",
    });
  }
  return {
    sizeBytes,
    md5,
    sha256,
    ...(document !== undefined && { document }),
    ...(version !== undefined && { version }),
  };
}

/** Returns the document of the image; `undefined` if there is none. @throws {FotaError} DOCUMENT_INVALID */
async function readDocument({ values }: CommandInput, image: string, { cwd }: Host): Promise<unknown> {
  const given = values["document"] as string | undefined;
  const path = given === undefined ? `${image}.json` : resolve(cwd, given);
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return isRecord(value) && "document" in value ? value["document"] : value; // a plan of `fota publish --dry-run`
  } catch (cause) {
    if (given === undefined && errnoOf(cause) === "ENOENT") return undefined;
    const why = errnoOf(cause) === "ENOENT" ? "it does not exist" : messageOf(cause);
    throw new FotaError("DOCUMENT_INVALID", `cannot read the document ${path}: ${why}`, {
      cause,
      hint: "set --document to the output of `fota publish --dry-run --json` or `fota sign`",
    });
  }
}
