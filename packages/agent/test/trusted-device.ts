import { type JobDocument, parseJobDocument } from "@fota/shared";
import { keysOf, nodeVerify, testKey } from "../../shared/test/signing.js";
import { documentOf, type FakeBootOptions, FakeWorld, imageOf } from "../src/testing/index.js";

export const [ann, bob, eve, root] = [
  testKey(1, "ann"),
  testKey(2, "bob"),
  testKey(3, "eve"),
  testKey(4, "root"),
];
export const [V1, V2, V3] = [imageOf(1, 5_000), imageOf(2, 20_000), imageOf(3, 9_000)];

type TrustSettings = Partial<NonNullable<FakeBootOptions["trust"]>>;

/** A device of model `pump` that runs version 1.0.0 and trusts `ann`. */
export class TrustedDevice {
  readonly world: FakeWorld;
  readonly trust: NonNullable<FakeBootOptions["trust"]>;
  version = "1.0.0";
  #jobs = 0;

  constructor(trust: TrustSettings = {}) {
    this.world = new FakeWorld({ old: V1, new: V2 });
    this.trust = { keys: keysOf(ann), verify: nodeVerify, ...trust };
  }

  boot(more: FakeBootOptions = {}) {
    const overrides = { model: "pump", firmwareVersion: this.version, ...more.overrides };
    return this.world.boot({ trust: this.trust, ...more, overrides });
  }

  /** Runs one job until it ends, over as many boots as it takes. Returns what the device reported. */
  async runs(document: object, image: Uint8Array = V2, options: FakeBootOptions = {}) {
    this.world.server.object = image;
    const execution = this.world.cloud.addJob(`job-${++this.#jobs}`, document);
    const before = this.world.flash.running;
    for (let boots = 0; boots < 4; boots += 1) {
      const result = await this.boot(options).handle({ force: true });
      if (result !== "power-cut") break;
    }
    const { slot } = this.world.flash.running;
    if (slot !== before.slot) this.version = documentVersion(document);
    const { reason, expected, actual } = execution.statusDetails;
    return { status: execution.status, reason, expected, actual, runs: this.world.flash.running.image };
  }
}

function documentVersion(document: object): string {
  return (document as JobDocument).bc_version ?? "1.0.0";
}

/** Returns the unsigned document of `image` for model `pump`, version 2.0.0 unless `more` has another. */
export function release(image: Uint8Array, more: Record<string, unknown> = {}, slot = 1): JobDocument {
  return parseJobDocument(documentOf(image, slot, { bc_model: "pump", bc_version: "2.0.0", ...more }));
}
