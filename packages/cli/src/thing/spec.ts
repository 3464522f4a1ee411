import { resolve } from "node:path";
import { FotaError, isFotaError, messageOf, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";
import { checkGroupName } from "../job/group-name.js";
import { readRequestKey } from "./device-key.js";

/** Options of `fota thing create`, as commander names them. */
export interface CreateOptions {
  out: string;
  group?: string;
  csr?: string;
  attributes?: string[];
  dryRun?: boolean;
}

/** A thing to create, and the folder for its files. */
export interface ThingSpec {
  thingName: string;
  /** Folder of the files, absolute. */
  dir: string;
  group: string | undefined;
  attributes: Record<string, string>;
  /** A certificate request in PEM, if the key stays on the device. */
  request: string | undefined;
}

// AWS IoT API Reference, Attributes.
const ATTRIBUTE_NAME = /^[a-zA-Z0-9_.,@/:#-]{1,128}$/;
const ATTRIBUTE_VALUE = /^[a-zA-Z0-9_.,@/:#=[\]-]{0,800}$/;
/** Matches a comma that separates two attributes: a name and an equals sign follow it. Others belong to a value. */
const SEPARATOR = /,(?=[a-zA-Z0-9_.@/:#-]+=)/;

/** @throws {FotaError} TARGET_INVALID, USAGE, IDENTITY_INVALID */
export async function readSpec(thingName: string, options: CreateOptions, cwd: string): Promise<ThingSpec> {
  checkThingName(thingName);
  if (options.group === "") {
    throw new FotaError("USAGE", '--group must be the name of a thing group, got ""', {
      hint: "give a name, or leave --group out; a variable in it may not be set",
    });
  }
  return {
    thingName,
    dir: resolve(cwd, options.out),
    group: checkGroupName(options.group),
    attributes: parseAttributes(options.attributes ?? []),
    request:
      options.csr === undefined ? undefined : await readRequest(resolve(cwd, options.csr), options.csr),
  };
}

/** @throws {FotaError} TARGET_INVALID */
export function checkThingName(name: string): void {
  if (name.length <= THING_NAME_MAX_LENGTH && THING_NAME_PATTERN.test(name)) return;
  throw new FotaError("TARGET_INVALID", `${JSON.stringify(name)} is not a valid thing name`, {
    hint: `use 1 to ${THING_NAME_MAX_LENGTH} letters, digits, - _ and :`,
  });
}

/** Reads `--attributes` values: `name=value`, several with commas between them. @throws {FotaError} USAGE */
export function parseAttributes(texts: readonly string[]): Record<string, string> {
  const pairs = texts.flatMap((text) => text.split(SEPARATOR)).map(parseAttribute);
  return Object.fromEntries(pairs);
}

function parseAttribute(text: string): [string, string] {
  const at = text.indexOf("=");
  const [name, value] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (ATTRIBUTE_NAME.test(name) && ATTRIBUTE_VALUE.test(value)) return [name, value];
  throw new FotaError("USAGE", `--attributes has ${JSON.stringify(text)}, which is not a valid name=value`, {
    hint: "write name=value; AWS allows letters, digits and _ . , @ / : # - in both, = [ ] only in a value, and no spaces",
  });
}

/** Checks the request before anything is created on AWS, which would refuse it too. */
async function readRequest(path: string, shownPath: string): Promise<string> {
  try {
    const text = await readTextFile(path, "IDENTITY_INVALID", shownPath);
    readRequestKey(text);
    return text;
  } catch (cause) {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("IDENTITY_INVALID", `cannot use --csr ${shownPath}: ${messageOf(cause)}`, {
      hint: "create one on the device: `openssl req -new -key key.pem -subj / -out device.csr`",
      cause,
    });
  }
}
