import { basename, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { encodeDeltaHeader, FRAME_DELTA } from "@fota/shared";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import { build } from "esbuild";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from "quickjs-emscripten-core";
import { expect, test } from "vitest";
import { keysOf, signedBy, testKey } from "../../shared/test/signing.js";
import { PORTABLE_BUILD, SRC } from "./portable-build.js";
import { FRAME_BYTES, firmware, MD5, OLD_SHA256, SHA256 } from "./quickjs-firmware.js";

const KIB = 1024;

/** Compiling one large module takes more heap than the update itself, so docs/device-guide.md cuts the core at these. */
const CUTS = ["core/check-document", "core/download", "core/runner"];

/**
 * The core as docs/device-guide.md builds it for a small heap: in modules by their names, `core` first among them. The
 * engine keeps all it knows of a module while it compiles it, so one large module takes more than a few smaller ones.
 * Each further module costs more than it saves.
 */
async function bundle(...entries: string[]): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    ...PORTABLE_BUILD,
    entryPoints: { core: join(SRC, "index.ts"), ...entriesOf([...CUTS, ...entries]) },
    splitting: true,
    outdir: SRC,
  });
  return new Map(outputFiles.map(({ path, text }) => [basename(path, ".js"), text]));
}

function entriesOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, join(SRC, `${name}.ts`)]));
}

/** Highest byte ever written: the engine's heap grows upwards only, over zeroes. */
function highWaterBytes(memory: WebAssembly.Memory): number {
  const words = new Uint32Array(memory.buffer);
  let last = words.length - 1;
  while (last > 0 && words[last] === 0) last -= 1;
  return (last + 1) * 4;
}

interface Extra {
  /** Keys to add to the job document. */
  more: object;
  /** The device's `trust`, without its functions. */
  trust?: object;
  /** Header and frame of a patch. */
  patch?: object;
}

async function run(core: ReadonlyMap<string, string>, sizeBytes: number, extra: Extra = { more: {} }) {
  // The engine's own memory limit counts only part of a block in this build: the heap itself is measured.
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 256 });
  const options = { wasmMemory: memory };
  const engine: QuickJSWASMModule = await newQuickJSWASMModuleFromVariant(
    newVariant(variant as unknown as QuickJSSyncVariant, options),
  );
  const emptyBytes = highWaterBytes(memory);
  const runtime = engine.newRuntime();
  runtime.setMaxStackSize(64 * KIB);
  let sourceLength = 0;
  runtime.setModuleLoader((name) => {
    const source = core.get(basename(name, ".js"));
    sourceLength += source?.length ?? 0;
    return source ?? { error: new Error(`no module ${name}`) };
  });
  const context = runtime.newContext();
  context.setProp(context.global, "sizeBytes", context.newNumber(sizeBytes));
  for (const [name, value] of Object.entries(extra)) {
    context.setProp(context.global, name, context.newString(JSON.stringify(value)));
  }
  const source = firmware({ isSigned: extra.trust !== undefined, hasPatch: extra.patch !== undefined });
  context.unwrapResult(context.evalCode(source, "firmware.js", { type: "module" })).dispose();
  while (runtime.hasPendingJob()) {
    const result = runtime.executePendingJobs(1_000);
    if (result.error) throw new Error(String(context.dump(result.error)));
  }
  const out: unknown = context.dump(context.getProp(context.global, "out"));
  const peakBytes = highWaterBytes(memory) - emptyBytes;
  return { out, peakBytes, sourceLength };
}

test("the core carries one update out in QuickJS, in a small heap that does not grow with the image", async () => {
  const core = await bundle();
  const small = await run(core, 64 * KIB);
  const large = await run(core, 16 * KIB * KIB);
  expect(small.out).toBe("SUCCEEDED on slot 1, 65536 bytes");
  expect(large.out).toBe("SUCCEEDED on slot 1, 16777216 bytes");
  const kib = (bytes: number) => Math.ceil(bytes / KIB);
  console.log(
    `QuickJS: core ${kib(small.sourceLength)} KiB of source, peak heap ${kib(large.peakBytes)} KiB for 16 MiB, ${kib(small.peakBytes)} KiB for 64 KiB`,
  );
  expect(large.peakBytes - small.peakBytes).toBeLessThan(16 * KIB);
  expect(large.peakBytes).toBeLessThan(512 * KIB);
});

/** Signs the document of the firmware above, for images of `sizeBytes`. */
function signedFor(sizeBytes: number): Required<Omit<Extra, "patch">> {
  const key = testKey(1, "release");
  const image = {
    bc_idx: 1,
    bc_crc: MD5,
    bc_size: sizeBytes,
    bc_sha256: SHA256,
    bc_url: "https://bucket.example",
  };
  const more = { bc_version: "2.0.0", bc_model: "m", bc_seq: 5 };
  const { bc_sig } = signedBy({ operation: "fota", ...image, ...more }, key);
  return { more: { ...more, bc_sig }, trust: { keys: keysOf(key) } };
}

test("an update that the engine itself verifies with @fota/agent/ed25519, in a heap of a known size", async () => {
  const modules = await bundle("trust", "ed25519");
  const signed = signedFor(64 * KIB);
  const plain = await timed(() => run(modules, 64 * KIB));
  const verified = await timed(() => run(modules, 64 * KIB, signed));
  expect(verified.out).toBe("SUCCEEDED on slot 1, 65536 bytes");
  const forged = await run(modules, 64 * KIB, { ...signed, more: { ...signed.more, bc_seq: 6 } });
  expect(forged.out).toMatch(/^FAILED on slot 0, 0 bytes; job job-1: FAILED, signature-invalid: /);
  const addedKib = Math.ceil((verified.sourceLength - plain.sourceLength) / KIB);
  const cpuMs = verified.cpuMs - plain.cpuMs;
  console.log(
    `QuickJS: trust with @fota/agent/ed25519 adds ${addedKib} KiB of source and ${cpuMs} ms of CPU time to an update; peak heap ${Math.ceil(verified.peakBytes / KIB)} KiB`,
  );
  expect(addedKib).toBeLessThan(48);
  expect(verified.peakBytes).toBeLessThan(780 * KIB);
  expect(cpuMs).toBeLessThan(5_000);
});

/** A patch of delta frames: each adds to the bytes of the old image at the same place. */
function patchFor(sizeBytes: number): Extra {
  const data = new Uint8Array(FRAME_BYTES);
  for (let at = 0; at < data.length; at += 50) data[at] = at;
  const ops = [0, 0x80, 0x80, 1, 0]; // no literal byte, 16,384 differences, nothing to skip
  const payload = deflateRawSync(Buffer.concat([Uint8Array.from(ops), data]));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(payload.length);
  const frame = [FRAME_DELTA, ...size, ...payload];
  const from = { sizeBytes, sha256: OLD_SHA256 };
  const header = [
    ...encodeDeltaHeader({ frameBytes: FRAME_BYTES, image: { sizeBytes, sha256: SHA256 }, from }),
  ];
  const entry = {
    from_sha256: OLD_SHA256,
    from_size: sizeBytes,
    url: "https://bucket.example/patch",
    bytes: header.length + (sizeBytes / FRAME_BYTES) * frame.length,
    sha256: "ef".repeat(32),
  };
  return { more: { bc_delta: [entry] }, patch: { header, frame } };
}

test("an update by a patch with frames of 16 KiB, in a heap that does not grow with the image", async () => {
  const modules = await bundle("delta");
  const plain = await run(modules, 64 * KIB);
  const small = await run(modules, 64 * KIB, patchFor(64 * KIB));
  const large = await run(modules, KIB * KIB, patchFor(KIB * KIB));
  expect(small.out).toBe("SUCCEEDED on slot 1, 65536 bytes by patch");
  expect(large.out).toBe("SUCCEEDED on slot 1, 1048576 bytes by patch");
  const kib = (bytes: number) => Math.ceil(bytes / KIB);
  console.log(
    `QuickJS: @fota/agent/delta adds ${kib(small.sourceLength - plain.sourceLength)} KiB of source; peak heap ${kib(large.peakBytes)} KiB for 1 MiB, ${kib(small.peakBytes)} KiB for 64 KiB`,
  );
  expect(large.peakBytes - small.peakBytes).toBeLessThan(16 * KIB);
  expect(large.peakBytes).toBeLessThan(900 * KIB);
});

async function timed<T>(action: () => Promise<T>): Promise<T & { cpuMs: number }> {
  const before = process.cpuUsage();
  const result = await action();
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpuMs: Math.round((user + system) / 1000) };
}
