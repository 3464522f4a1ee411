import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a payload does after it has printed its label: waits for a reset, or resets the machine as a panic does. */
export type Behavior = "hangs" | "resets";

/** What a payload printed. */
export interface Booted {
  label: string;
  commandLine: string;
}

const TOOLS = {
  aarch64: { compile: ["aarch64-linux-gnu-gcc"], copy: "aarch64-linux-gnu-objcopy" },
  x86: { compile: ["gcc", "-m32"], copy: "objcopy" },
} as const;

const LABEL_MARK = "LABEL>";
const LABEL_MAX_CHARS = 14;

/** The line that a payload prints. */
export const PAYLOAD_LINE = /payload: (.*) booted with (.*)\n/;

/** Returns a Debian package that `Payload.assemble` lacks; `undefined` if it can run here. */
export function missingAssembler(arch: keyof typeof TOOLS): string | undefined {
  const [compiler] = TOOLS[arch].compile;
  if (spawnSync(compiler, ["--version"]).error === undefined) return undefined;
  return { aarch64: "gcc-aarch64-linux-gnu", x86: "gcc" }[arch];
}

/** A kernel that prints its label and its command line (payload/*.S). */
export class Payload {
  readonly #image: Buffer;

  private constructor(image: Buffer) {
    this.#image = image;
  }

  static async assemble(arch: keyof typeof TOOLS): Promise<Payload> {
    const dir = await mkdtemp(join(tmpdir(), "fota-payload-"));
    const [object, image] = [join(dir, "payload.o"), join(dir, "payload")];
    const { compile, copy } = TOOLS[arch];
    const [compiler, ...flags] = compile;
    const source = join(import.meta.dirname, "payload", `${arch}.S`);
    await run(compiler, [...flags, "-c", "-o", object, source]);
    await run(copy, ["-O", "binary", "-j", ".text", object, image]);
    const payload = new Payload(await readFile(image));
    await rm(dir, { recursive: true });
    return payload;
  }

  /** Returns the kernel with a label of at most 14 characters. */
  kernel(label: string, behavior: Behavior): Buffer {
    if (label.length > LABEL_MAX_CHARS) throw new Error(`the label ${label} is too long`);
    const kernel = Buffer.from(this.#image);
    const at = kernel.indexOf(LABEL_MARK) + LABEL_MARK.length;
    kernel.write(label, at, "latin1");
    kernel.write({ hangs: "H", resets: "R" }[behavior], at + LABEL_MAX_CHARS + 1, "latin1");
    return kernel;
  }
}
