/** Digests that the slots of the firmware give: of the new image and of the old one. */
export const MD5 = "9e107d9d372bb6826bd81d3542a419d6";
export const SHA256 = "ab".repeat(32);
export const OLD_SHA256 = "cd".repeat(32);
/** Size of the frames of its patch. */
export const FRAME_BYTES = 16 * 1024;
/** Size of a write to a slot. */
const PIECE_BYTES = 4 * 1024;

/** Trusts a key, and verifies in the engine itself. */
const TRUST = `trust: createTrust({ ...JSON.parse(globalThis.trust), verify: verifyEd25519,
    store: { load: async () => savedTrust, save: async (text) => { savedTrust = text; } } }),`;

/** Downloads a patch, which the server makes of one frame again and again, from the image in slot 0. */
const DELTA = `delta: createDelta(),`;
const PATCH_ANSWER = `
function patchAnswer() {
  const { header, frame } = JSON.parse(globalThis.patch);
  const [first, each] = [Uint8Array.from(header), Uint8Array.from(frame)];
  const frames = SIZE / ${FRAME_BYTES};
  return { status: 200, headers: { "content-length": String(first.length + frames * each.length) },
    body: (async function* () { yield first; for (let k = 0; k < frames; k += 1) yield each; })() };
}
async function read(slot, offset, bytes) {
  if (slot !== 0 || offset + bytes.length > SIZE) throw new Error("read at " + offset);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = offset + i;
}`;

/** Returns a firmware as a small device would have it: the ports in the engine, all of the core around them. */
export const firmware = ({ isSigned, hasPatch }: { isSigned: boolean; hasPatch: boolean }) => `
import { Fota, Jobs } from "core";
${hasPatch ? `import { createDelta } from "delta";` : ""}
${isSigned ? `import { createTrust } from "trust"; import { verifyEd25519 } from "ed25519";` : ""}
const SIZE = globalThis.sizeBytes, MD5 = "${MD5}", SHA = "${SHA256}";
const document = { operation: "fota", bc_idx: 1, bc_crc: MD5, bc_size: SIZE, bc_sha256: SHA, bc_version: "2.0.0",
  bc_url: "https://bucket.example/image?X-Amz-Security-Token=" + "a".repeat(1500), ...JSON.parse(globalThis.more) };
const execution = { jobId: "job-1", executionNumber: 1, versionNumber: 1, queuedAt: 1, status: "QUEUED" };
const record = { runningSlot: 0, currentSlot: 0, workingSlot: 0, slotCount: 2, slotSizeBytes: 2 ** 31 };
const piece = new Uint8Array(${PIECE_BYTES});
let written = 0, saved, savedTrust, tokens = 0, logged = "", via;
${hasPatch ? PATCH_ANSWER : ""}

const handlers = new Map();
function answer(topic, { clientToken, status, statusDetails }) {
  const { jobId } = execution;
  if (topic.endsWith("/jobs/get")) {
    const pending = { jobId, executionNumber: 1, versionNumber: execution.versionNumber, queuedAt: 1 };
    return { clientToken, inProgressJobs: execution.status === "IN_PROGRESS" ? [pending] : [],
      queuedJobs: execution.status === "QUEUED" ? [pending] : [] };
  }
  if (topic.endsWith("/get")) return { clientToken, execution: { ...execution, jobDocument: document } };
  execution.status = status;
  via = statusDetails.via;
  execution.versionNumber += 1;
  return { clientToken, executionState: { status, versionNumber: execution.versionNumber } };
}
const mqtt = {
  thingName: "thing-1", connect: async () => {}, disconnect: async () => {},
  publish: async (topic, payload) => {
    handlers.get(topic + "/accepted")?.(JSON.stringify(answer(topic, JSON.parse(payload))));
  },
  subscribe: async (topic, onMessage) => void handlers.set(topic, onMessage),
  unsubscribe: async (topic) => void handlers.delete(topic),
};
const clock = { monotonicMs: () => 0, sleep: async () => {}, after: () => () => {} };
const random = { next: () => 0.5, token: () => "t" + ++tokens };
const device = {
  clock, random, model: "m", firmwareVersion: "1.0.0",
  log: (level, message) => { if (level === "error") logged += "; " + message; },
  ${isSigned ? TRUST : ""}
  ${hasPatch ? DELTA : ""}
  state: { load: async () => saved, save: async (text) => { saved = text; } },
  http: { get: async (url) => url.endsWith("/patch") ? patchAnswer() : ({ status: 200, headers: { "content-length": String(SIZE) }, body: (async function* () {
    for (let at = 0; at < SIZE; at += piece.length) yield SIZE - at < piece.length ? piece.subarray(0, SIZE - at) : piece;
  })() }) },
  slots: {
    record: async () => record, erase: async () => { written = 0; }, sync: async () => {}, close: async () => {},
    write: async (slot, offset, bytes) => {
      if (slot !== 1 || offset !== written) throw new Error("written at " + offset);
      written += bytes.length;
    },
    digest: async (slot) => slot === 1 && written === SIZE ? { md5: MD5, sha256: SHA } : { md5: "", sha256: "${OLD_SHA256}" },
    ${hasPatch ? "read," : ""}
    attempt: async (slot) => { record.currentSlot = slot; }, restart: async () => {},
    accept: async () => { record.workingSlot = record.runningSlot; },
    revert: async () => { record.currentSlot = record.workingSlot; },
  },
};
async function boot() {
  record.runningSlot = record.currentSlot;
  const host = { next: random.next, token: random.token, sleep: clock.sleep, after: clock.after };
  const fota = new Fota(device, { download: { bufferBytes: ${PIECE_BYTES} } });
  return await fota.handleFotaJobs(new Jobs(mqtt, { host }), { force: true });
}
boot().then(boot).then(
  () => { globalThis.out = execution.status + " on slot " + record.workingSlot + ", " + written + " bytes" +
      (via === undefined ? "" : " by " + via) + logged; },
  (error) => { globalThis.out = "threw " + error + "\\n" + error.stack; },
);`;
