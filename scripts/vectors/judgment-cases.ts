import { keysOf } from "../../packages/shared/test/signing.js";
import { ALTERNATIVE, ann, type Draft, rootA, rootB, signed, V1, V2, without } from "./vector.js";

const STEP = 2 ** 20;
const anyModel = without(V1, "bc_model");
const anyVersion = without(V1, "bc_version", "bc_min");
const forever = without(V1, "bc_exp");
const roots = { rootKeys: keysOf(rootA, rootB), rootThreshold: 2 };

/** What a device judges after it verified the signatures. */
export const judgmentCases: Draft[] = [
  { name: "one second before the expiry", document: signed(V1), device: { timeSeconds: V1.bc_exp - 1 } },
  { name: "at the expiry", document: signed(V1), device: { timeSeconds: V1.bc_exp }, cause: "order-expired" },
  { name: "after the expiry, the time is unknown", document: signed(V1), device: { timeSeconds: undefined } },
  { name: "no expiry, long after", document: signed(forever), device: { timeSeconds: 4_000_000_000 } },

  { name: "another model", document: signed(V1), device: { model: "thermostat-v3" }, cause: "wrong-model" },
  {
    name: "a model in other case",
    document: signed(V1),
    device: { model: "Thermostat-v2" },
    cause: "wrong-model",
  },
  {
    name: "a device without a model",
    document: signed(V1),
    device: { model: undefined },
    cause: "wrong-model",
  },
  { name: "a document without a model", document: signed(anyModel), cause: "wrong-model" },
  { name: "neither has a model", document: signed(anyModel), device: { model: undefined } },

  { name: "for other things", document: signed(V2), device: { thingName: "lab-3" }, cause: "wrong-thing" },
  {
    name: "for things, the name is unknown",
    document: signed(V2),
    device: { thingName: undefined },
    cause: "wrong-thing",
  },
  {
    name: "for a thing that begins with the name",
    document: signed(V2),
    device: { thingName: "lab" },
    cause: "wrong-thing",
  },

  { name: "the lowest running version", document: signed(V1), device: { version: "1.4.0" } },
  {
    name: "a running version below bc_min",
    document: signed(V1),
    device: { version: "1.3.9" },
    cause: "version-too-low",
  },
  { name: "the running version again", document: signed(V1), device: { version: "1.7.0" } },
  { name: "a downgrade", document: signed(V1), device: { version: "1.10.0" }, cause: "downgrade" },
  { name: "a downgrade that the signers allowed", document: signed(V2), device: { version: "1.10.0" } },
  { name: "a document without a version", document: signed(anyVersion), cause: "downgrade" },
  { name: "neither has a version", document: signed(anyVersion), device: { version: undefined } },
  {
    name: "a prerelease after its release",
    document: signed({ ...V1, bc_version: "1.7.0-rc.1" }),
    device: { version: "1.7.0" },
    cause: "downgrade",
  },

  {
    name: "a sequence number below the floor",
    document: signed(V2),
    device: { seq: 13 },
    cause: "sequence-refused",
  },
  {
    name: "no sequence number, but a floor",
    document: signed(V1),
    device: { seq: 1 },
    cause: "sequence-refused",
  },
  { name: "a sequence number at the floor", document: signed(V2), device: { seq: 12 } },
  {
    name: "a sequence number at the floor, with the confirmed image",
    document: signed(V2),
    device: { seq: 12, confirmedSha256: V2.bc_sha256 },
  },
  {
    name: "a sequence number at the floor, with the confirmed image in the other slot",
    document: signed(V2),
    device: { seq: 12, confirmedSha256: ALTERNATIVE.bc_sha256 },
  },
  {
    name: "a sequence number at the floor, with another image",
    document: signed(V2),
    device: { seq: 12, confirmedSha256: "ab".repeat(32) },
    cause: "sequence-refused",
  },
  {
    name: "a sequence number 2^20 above the floor",
    document: signed({ ...V2, bc_seq: 12 + STEP }),
    device: { seq: 12 },
  },
  {
    name: "a sequence number 2^20 + 1 above the floor",
    document: signed({ ...V2, bc_seq: 13 + STEP }),
    device: { seq: 12 },
    cause: "sequence-refused",
  },
  {
    name: "a sequence number far ahead, signed by the root keys too",
    document: signed({ ...V2, bc_seq: Number.MAX_SAFE_INTEGER }, [ann, rootA, rootB]),
    trust: roots,
  },
  {
    name: "a sequence number far ahead, signed by one of two root keys",
    document: signed({ ...V2, bc_seq: Number.MAX_SAFE_INTEGER }, [ann, rootA]),
    trust: roots,
    cause: "sequence-refused",
  },
  {
    name: "signed by the root keys alone",
    document: signed(V2, [rootA, rootB]),
    trust: roots,
    cause: "signature-invalid",
  },
  {
    name: "signed by a stranger: the device does not say what else is wrong",
    document: { ...signed(V2), bc_seq: 1 },
    device: { model: "other", seq: 9, version: "9", thingName: "x", timeSeconds: 4_000_000_000 },
    cause: "signature-invalid",
  },
];
