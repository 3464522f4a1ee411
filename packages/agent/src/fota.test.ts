import { FotaError, parseJobDocument, type UpdateReport } from "@fota/shared";
import { describe, expect, test, vi } from "vitest";
import { keysOf, nodeVerify, signedBy, testKey } from "../../shared/test/signing.js";
import type { Job } from "./jobs.js";
import { documentOf, errorPage, type FakeBootOptions, FakeWorld, imageOf, Power } from "./testing/index.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);
const DOWNLOAD = { journalBytes: 4_000, journalIntervalMs: 0, bufferBytes: 2_000 };

function worldWithJob(more: Record<string, unknown> = {}, slot = 1) {
  const world = new FakeWorld({ old: OLD, new: NEW });
  const execution = world.cloud.addJob("job-1", documentOf(NEW, slot, more));
  return { world, execution };
}

/** The device after one failed handleFotaJobs: the update is refused with `reason` and nothing was touched. */
async function refusedWith(
  more: Record<string, unknown>,
  overrides = {},
  slot = 1,
  trust?: FakeBootOptions["trust"],
) {
  const { world, execution } = worldWithJob(more, slot);
  const device = world.boot({ overrides, trust });
  const record = { ...world.flash.record };
  await device.handle({ force: true });
  expect(world.flash.record).toEqual(record);
  expect(device.power.trace).not.toContain("slots.erase");
  expect(execution.status).toBe("FAILED");
  return execution.statusDetails;
}

describe("the whole way", () => {
  test("P-45, P-47: download, trial, confirm first, then SUCCEEDED", async () => {
    const { world, execution } = worldWithJob();
    const first = world.boot();
    expect(await first.handle({ force: true })).toBe("power-cut");
    expect(world.flash.record).toMatchObject({ runningSlot: 0, currentSlot: 1, workingSlot: 0 });
    expect(execution.status).toBe("IN_PROGRESS");

    const second = world.boot({ overrides: { firmwareVersion: "2.0.0" } });
    expect(await second.handle({ force: true })).toBeUndefined();
    expect(execution.status).toBe("SUCCEEDED");
    expect(execution.statusDetails).toEqual({ phase: "done", running: "2.0.0, slot 1" });
    expect(world.flash.running).toEqual({ slot: 1, image: NEW, confirmed: true });
    const { trace } = second.power;
    const report = trace.lastIndexOf("mqtt.publish job-1/update");
    expect(trace.indexOf("slots.accept")).toBeLessThan(report);
  });

  test("the log names the job and its image at the start, after each boot, and at its end", async () => {
    const { world } = worldWithJob();
    await world.boot().handle({ force: true });
    const first = world.logged.splice(0);
    expect(first[0]).toBe("info: job job-1: image of 20000 bytes for slot 1");
    expect(first.filter((line) => line.includes("job-1"))).toHaveLength(1);
    await world.boot().handle({ force: true });
    expect(world.logged[0]).toBe("info: job job-1: image of 20000 bytes for slot 1");
    expect(world.logged.at(-2)).toBe("info: job job-1: SUCCEEDED");
  });

  test.each([
    ["error", "FAILED", { bc_model: "other" }, {}],
    ["warn", "REJECTED", {}, { beforeDownload: () => ({ refuse: "not now" }) }],
  ] as const)("the log has %s for an update that ends as %s", async (level, status, more, options) => {
    const { world } = worldWithJob(more);
    await world.boot(options).handle({ force: true });
    expect(world.logged).toContainEqual(
      expect.stringMatching(new RegExp(`^${level}: job job-1: ${status}, `)),
    );
  });

  test("a version of the execution that a power cut made outdated is no warning", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    execution.versionNumber += 1; // the answer to a report was lost
    world.logged.length = 0;
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.logged).toContainEqual(expect.stringMatching(/^debug: .*VersionMismatch/));
    expect(world.logged.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });

  test("a device that reverts because its job was deleted and created again says so, once", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    Object.assign(execution, { status: "QUEUED", versionNumber: 1 });
    world.logged.length = 0;
    await world.boot().handle({ force: true });
    expect(world.logged.filter((line) => /^(warn|error)/.test(line))).toEqual([
      expect.stringMatching(/VersionMismatch.*: job job-1 has ended, was deleted, or was created again$/),
    ]);
  });

  test("B-18: no second reset after the verdict", async () => {
    const { world } = worldWithJob();
    await world.boot().handle({ force: true });
    const second = world.boot();
    await second.handle({ force: true });
    expect(second.power.isOff).toBe(false);
    expect(second.power.trace).not.toContain("slots.restart");
  });

  test("a device takes two updates one after the other", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    const second = world.boot();
    await second.handle({ force: true });
    const next = imageOf(3, 9_000);
    world.server.object = next;
    const again = world.cloud.addJob("job-2", documentOf(next, 0));
    expect(await second.handle()).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect([execution.status, again.status]).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    expect(world.flash.running).toEqual({ slot: 0, image: next, confirmed: true });
  });

  test("bc_alt: the entry for the slot that does not run is taken", async () => {
    const other = imageOf(7, 6_000);
    const { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 } = documentOf(NEW, 1);
    const world = new FakeWorld({ old: OLD, new: NEW });
    const document = documentOf(other, 0, { bc_alt: [{ bc_idx, bc_crc, bc_size, bc_url, bc_sha256 }] });
    const execution = world.cloud.addJob("job-1", document);
    await world.boot().handle({ force: true });
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.flash.running.slot).toBe(1);
  });
});

describe("when there is something to do", () => {
  test("P-44: without a notification or force there is no traffic", async () => {
    const { world } = worldWithJob();
    const device = world.boot();
    expect(await device.handle()).toBeUndefined();
    expect(world.cloud.published).toEqual([]);
  });

  test("P-44: a notification is work, once, also when force was given with it", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const device = world.boot();
    await device.handle({ force: true });
    const asked = world.cloud.published.length;
    world.cloud.send("$aws/things/thing-1/jobs/notify", { jobs: {} });
    await device.handle({ force: true });
    await device.handle();
    expect(world.cloud.published.length).toBe(asked + 1);
  });

  test("P-45: jobs in progress come before queued ones", async () => {
    const { world } = worldWithJob();
    const other = world.cloud.addJob("job-2", documentOf(imageOf(9, 900), 1));
    other.status = "IN_PROGRESS";
    await world.boot().handle({ force: true });
    expect(world.cloud.accepted.slice(0, 2)).toEqual(["FAILED", "IN_PROGRESS"]);
    expect(other.statusDetails["reason"]).toBe("invalid fota");
  });

  test("P-38, B-11: an IN_PROGRESS job of no saved state is judged by the digest that runs, not by the slot", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const wrong = world.cloud.addJob("wrong", documentOf(NEW, 0));
    const right = world.cloud.addJob("right", documentOf(OLD, 1));
    wrong.status = "IN_PROGRESS";
    right.status = "IN_PROGRESS";
    await world.boot().handle({ force: true });
    expect([wrong.status, right.status]).toEqual(["FAILED", "SUCCEEDED"]);
    expect(wrong.statusDetails).toMatchObject({ reason: "invalid fota", phase: "trial", running: "slot 0" });
  });

  test("P-47: a refused job is reported and the next one is tried", async () => {
    const { world, execution } = worldWithJob({}, 0);
    const next = world.cloud.addJob("job-2", documentOf(NEW, 1));
    expect(await world.boot().handle({ force: true })).toBe("power-cut");
    expect(execution.status).toBe("FAILED");
    expect(next.status).toBe("IN_PROGRESS");
  });

  test("P-49, P-50: with autoReset off it returns true, and again, and does nothing else until the reset", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot();
    expect(await device.handle({ force: true, autoReset: false })).toBe(true);
    expect(world.cloud.isConnected).toBe(false);
    const calls = device.power.calls;
    expect(await device.handle({ force: true, autoReset: false })).toBe(true);
    expect(device.power.calls).toBe(calls);
    expect(await world.clock.run(Promise.race([device.power.off, device.fota.reset()]))).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("a call while another is at work returns at once", async () => {
    const { world } = worldWithJob();
    const { fota, jobs, power } = world.boot();
    const first = Promise.race([power.off, fota.handleFotaJobs(jobs, { force: true })]);
    expect(await fota.handleFotaJobs(jobs, { force: true })).toBeUndefined();
    expect(await world.clock.run(first)).toBe("power-cut");
  });

  test("a device on trial leaves new jobs in the queue: the other slot holds the image to revert to", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot();
    await world.clock.run(device.fota.update(documentOf(NEW, 1)));
    await device.fota.test(documentOf(NEW, 1));
    const onTrial = world.boot();
    execution.document = documentOf(imageOf(5, 700), 0);
    await onTrial.handle({ force: true });
    expect(execution.status).toBe("QUEUED");
    expect(world.flash.slotBytes(0)).toEqual(OLD);
    await onTrial.fota.confirm();
    world.server.object = imageOf(5, 700);
    expect(await onTrial.handle()).toBe("power-cut");
  });
});

describe("refusals, before anything is touched", () => {
  test("P-37, B-4: the running slot, and a slot that does not exist", async () => {
    expect(await refusedWith({}, {}, 0)).toMatchObject({
      reason: "bad fota data",
      detail: "slot 0 is the running one",
    });
    expect(await refusedWith({}, {}, 7)).toMatchObject({ reason: "bad fota data", phase: "starting" });
  });
  test("B-2: an image larger than the slot", async () => {
    const details = await refusedWith({ bc_size: 65_537 });
    expect(details).toMatchObject({ reason: "bad fota data", expected: "at most 65536", actual: "65537" });
  });
  test("B-6: another model", async () => {
    expect(await refusedWith({ bc_model: "b" }, { model: "a" })).toMatchObject({
      reason: "wrong-model",
      expected: "b",
      actual: "a",
    });
  });
  test("B-7: a minimum version that the running one does not reach, or that is not stated", async () => {
    const more = { bc_min: "2.0.0" };
    expect((await refusedWith(more, { firmwareVersion: "1.9.9" }))["reason"]).toBe("version-too-low");
    expect((await refusedWith(more))["detail"]).toBe("this device has no version set");
  });
  test("B-7: a job document whose bc_exp has passed", async () => {
    const details = await refusedWith({ bc_exp: 1_790_000_000 }, { wallClockMs: () => 1_790_000_001_000 });
    expect(details).toMatchObject({ reason: "order-expired", actual: "1790000001" });
  });
  test("B-7: a version below the running one, on a device without downgrades", async () => {
    const { world, execution } = worldWithJob({ bc_version: "1.4.9" });
    const device = world.boot({ overrides: { firmwareVersion: "1.5.0" }, allowDowngrade: false });
    await device.handle({ force: true });
    expect(execution.statusDetails).toMatchObject({ reason: "downgrade", actual: "1.4.9" });
    expect(device.power.trace).not.toContain("slots.erase");
  });
  test("B-5: a document that no trusted key signed, named by the key's id; Fota.update refuses it too", async () => {
    const [ours, theirs] = [testKey(1, "ours"), testKey(2, "theirs")];
    const trust = { keys: keysOf(ours), verify: nodeVerify };
    const refusedBy = (more: object) => refusedWith({ ...more }, {}, 1, trust);
    const signatures = (key: typeof ours) => signedBy(parseJobDocument(documentOf(NEW, 1)), key).bc_sig;
    expect(await refusedBy({})).toMatchObject({
      reason: "signature-invalid",
      detail: "the job document is not signed",
    });
    expect((await refusedBy({ bc_sig: signatures(theirs) }))["detail"]).toContain('"theirs"');
    const { world, execution } = worldWithJob({ bc_sig: signatures(ours) });
    const device = world.boot({ trust });
    expect(await world.clock.run(device.fota.update(documentOf(NEW, 1)))).toBe(false);
    expect(await device.handle({ force: true })).toBe("power-cut");
    await world.boot({ trust }).handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });
  test.each(["bc_idx", "bc_crc", "bc_size", "bc_url"])("B-27: %s is missing", async (key) => {
    const details = await refusedWith({ [key]: undefined });
    expect(details["reason"]).toBe("bad fota data");
    expect(details["detail"]).toContain(key);
  });
  test("a host that the device does not fetch from", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot({ allowedHosts: ["fw.example"] });
    await device.handle({ force: true });
    expect(execution.statusDetails).toMatchObject({ reason: "host-refused", phase: "starting" });
    expect(device.power.trace).not.toContain("slots.erase");
    expect(world.cloud.accepted).toEqual(["FAILED"]);
    expect(await world.clock.run(device.fota.update(documentOf(NEW, 1)))).toBe(false);
  });
  test("a placeholder that AWS did not replace", async () => {
    const details = await refusedWith({ bc_url: "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}" });
    expect(details["detail"]).toContain("placeholder");
  });
});

describe("the download", () => {
  test("B-1, B-29: a wrong digest is FAILED with both digests and never booted", async () => {
    const { world, execution } = worldWithJob();
    world.server.object = imageOf(4, NEW.length);
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(execution.status).toBe("FAILED");
    const { reason, expected, actual, phase } = execution.statusDetails;
    expect({ reason, phase }).toEqual({ reason: "digest-mismatch", phase: "verifying" });
    expect(expected).toBe(documentOf(NEW, 1).bc_crc);
    expect(actual).toBe(documentOf(world.server.object, 1).bc_crc);
    expect(device.power.trace).not.toContain("slots.attempt");
  });

  test("a right MD5 with a wrong SHA-256 is refused", async () => {
    const { world, execution } = worldWithJob({ bc_sha256: "0".repeat(64) });
    await world.boot().handle({ force: true });
    expect(execution.statusDetails).toMatchObject({ reason: "digest-mismatch", expected: "0".repeat(64) });
  });

  test("B-3: a 403 page is never written; with a fresh URL the download goes on", async () => {
    const { world, execution } = worldWithJob();
    let asked = 0;
    world.cloud.fillIn = (document) => ({
      ...(document as object),
      bc_url: `https://bucket.example/image?asked=${++asked}`,
    });
    world.server.fault = ({ url }) =>
      url.endsWith("asked=1") ? { status: 403, headers: {}, body: errorPage("AccessDenied") } : undefined;
    expect(await world.boot({ download: DOWNLOAD }).handle({ force: true })).toBe("power-cut");
    expect(world.flash.slotBytes(1)).toEqual(NEW);
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("B-3: a URL that stays refused is FAILED url-refused, with S3's code and our own words", async () => {
    const { world, execution } = worldWithJob();
    const body = errorPage("AccessDenied", "Request has expired");
    world.server.fault = () => ({ status: 403, headers: {}, body });
    await world.boot().handle({ force: true });
    expect(execution.statusDetails).toMatchObject({
      reason: "url-refused",
      detail: "the image server answered 403 AccessDenied: the URL has expired",
    });
    expect(world.server.gets.length).toBe(4);
    expect(world.flash.slotBytes(1).length).toBe(0);
  });

  test("B-13, B-14: transient trouble does not cost the job", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = (_get, count) =>
      count % 2 === 1 ? { cutAfterBytes: 3_500 } : count % 4 === 0 ? { status: 503 } : "no-answer";
    expect(await world.boot({ download: DOWNLOAD }).handle({ force: true })).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.server.starts.filter((start) => start === 0).length).toBe(1);
  });

  test("B-12: two updates in one process start at offset 0 each", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { fota } = world.boot();
    expect(await world.clock.run(fota.update(documentOf(NEW, 1)))).toBe(true);
    const next = imageOf(6, 3_000);
    world.server.object = next;
    expect(await world.clock.run(fota.update(documentOf(next, 1)))).toBe(true);
    expect(world.flash.slotBytes(1)).toEqual(next);
  });
});

describe("what the service says counts", () => {
  test("B-15: a job whose IN_PROGRESS is refused is not carried out", async () => {
    const { world } = worldWithJob();
    world.cloud.fault = (topic) =>
      topic.endsWith("job-1/update") ? { code: "InvalidStateTransition" } : undefined;
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(world.server.gets).toEqual([]);
    expect(device.power.trace).not.toContain("slots.erase");
    expect(world.flash.state).toContain('"idle"');
  });

  test("B-16: a job canceled during the download, connection kept, stops the work at the next report", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = (_get, count) => {
      if (count === 2) world.cloud.cancel(execution);
      return count < 9 ? { cutAfterBytes: 2_500 } : undefined;
    };
    const device = world.boot({ download: DOWNLOAD, progress: { minIntervalMs: 0 } });
    expect(await device.handle({ force: true, disconnectMqtt: false })).toBeUndefined();
    expect(world.server.gets.length).toBeLessThan(9);
    expect(device.power.trace).not.toContain("slots.attempt");
    expect(execution.status).toBe("CANCELED");
  });

  test("a job canceled during the download, connection kept, stops it at once by the notification", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = () => ({ body: NEW.subarray(0, 3_000), stall: true });
    const onProgress = ({ bytes }: UpdateReport) => void (bytes === 2_000 && world.cloud.cancel(execution));
    const device = world.boot({ download: DOWNLOAD, onProgress });
    expect(await device.handle({ force: true, disconnectMqtt: false })).toBeUndefined();
    expect(world.clock.monotonicMs()).toBe(0); // before the stall limit, and before any report
    expect(world.flash.state).toContain('"idle"');
  });

  test("a refused progress report stops the download at once, without a notification", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = () => ({ body: NEW.subarray(0, 5_000), stall: true });
    world.cloud.fault = (_topic, { statusDetails }) => {
      if (statusDetails?.["percent"] === undefined) return undefined;
      execution.status = "TIMED_OUT";
      return undefined;
    };
    const device = world.boot({ download: DOWNLOAD, progress: { minIntervalMs: 0 } });
    expect(await device.handle({ force: true, disconnectMqtt: false })).toBeUndefined();
    expect(world.clock.monotonicMs()).toBe(0);
    expect(world.flash.state).toContain('"idle"');
  });

  test("news of another job does not disturb the download", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = () => {
      world.cloud.addJob("job-2", { operation: "reboot" });
      return undefined;
    };
    const device = world.boot({ download: DOWNLOAD });
    expect(await device.handle({ force: true, disconnectMqtt: false })).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("B-16: a job canceled while the connection was closed is noticed before the trial is scheduled", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = () => {
      world.cloud.cancel(execution);
      return undefined;
    };
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(device.power.trace).not.toContain("slots.attempt");
    expect(world.flash.running.confirmed).toBe(true);
  });

  test("a job canceled while the device restarts: the new image is reverted", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    world.cloud.cancel(execution);
    expect(await world.boot().handle({ force: true })).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(world.flash.running).toEqual({ slot: 0, image: OLD, confirmed: true });
    expect(world.flash.state).toContain('"idle"');
  });

  test("B-10: a lost SUCCEEDED is repeated until the service has it", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    world.cloud.fault = (_topic, { status }) => (status === "SUCCEEDED" ? "lose" : undefined);
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(execution.status).toBe("IN_PROGRESS");
    world.cloud.fault = () => undefined;
    await device.handle();
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("a lost answer to SUCCEEDED does not look like a refusal", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    world.cloud.fault = (_topic, { status }, count) =>
      status === "SUCCEEDED" && count % 2 === 1 ? "loseAnswer" : undefined;
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.flash.state).toContain('"idle"');
  });

  test("a final report that can no longer be delivered ends cleanly", async () => {
    const { world } = worldWithJob();
    await world.boot().handle({ force: true });
    const device = world.boot();
    world.cloud.fault = (_topic, { status }) =>
      status === "SUCCEEDED" ? { code: "ResourceNotFound" } : undefined;
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(world.flash.state).toContain('"idle"');
    expect(world.flash.running.confirmed).toBe(true);
  });

  test("a service that refuses everything does not loop the device", async () => {
    const { world } = worldWithJob();
    world.cloud.fault = (topic) => (topic.endsWith("/update") ? { code: "InvalidRequest" } : undefined);
    const device = world.boot();
    await device.handle({ force: true });
    expect(world.cloud.published.filter(({ topic }) => topic.endsWith("/update")).length).toBe(1);
  });
});

describe("the connection", () => {
  test("P-47, B-25: it is really closed for the download, and back for what comes after", async () => {
    const { world } = worldWithJob();
    const connected: boolean[] = [];
    world.server.fault = () => {
      connected.push(world.cloud.isConnected);
      return { status: 404 };
    };
    await world.boot().handle({ force: true });
    expect(connected).toEqual([false]);
    expect(world.cloud.isConnected).toBe(true);
  });

  test("disconnectMqtt off: it stays, and progress is reported at most every 10 percent", async () => {
    const { world } = worldWithJob();
    const connected: boolean[] = [];
    world.server.fault = () => void connected.push(world.cloud.isConnected);
    const device = world.boot({ download: DOWNLOAD, progress: { minIntervalMs: 0, stepPercent: 20 } });
    await device.handle({ force: true, disconnectMqtt: false });
    expect(connected).toEqual([true]);
    const progress = world.cloud.published.filter(
      ({ payload }) => payload.statusDetails?.["percent"] !== undefined,
    );
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.length).toBeLessThanOrEqual(4);
    expect(progress[0]?.payload.statusDetails).toMatchObject({ phase: "downloading", totalBytes: "20000" });
  });

  test("progress is not reported more often than 30 s apart unless told so", async () => {
    const { world } = worldWithJob();
    await world.boot({ download: DOWNLOAD }).handle({ force: true, disconnectMqtt: false });
    expect(
      world.cloud.published.some(({ payload }) => payload.statusDetails?.["percent"] !== undefined),
    ).toBe(false);
  });

  test("B-22: a lost link resolves, and the next call goes on without a notification", async () => {
    const { world, execution } = worldWithJob();
    world.cloud.fault = () => "lose";
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    world.cloud.fault = () => undefined;
    expect(await device.handle()).toBe("power-cut");
    expect(execution.status).toBe("IN_PROGRESS");
  });

  test("a service that does not answer the question for a fresh URL leaves the download for later", async () => {
    const { world, execution } = worldWithJob();
    let isDeaf = false;
    world.server.fault = (_get, count) => {
      isDeaf = count === 1;
      return count === 1 ? { status: 403, headers: {} } : undefined;
    };
    world.cloud.fault = (topic) => (isDeaf && topic.endsWith("job-1/get") ? "lose" : undefined);
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(world.flash.state).toContain('"downloading"');
    isDeaf = false;
    expect(await device.handle()).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("a broker that is gone after the download: nothing boots until it says that the job is still active", async () => {
    const { world, execution } = worldWithJob();
    world.server.fault = () => {
      world.cloud.reachable = false;
      return undefined;
    };
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(device.power.trace).not.toContain("slots.attempt");
    world.cloud.reachable = true;
    expect(await device.handle()).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.server.gets.length).toBe(1);
  });

  test("a reconnect counts as a change: a notification may have been missed", async () => {
    const { world } = worldWithJob();
    const device = world.boot();
    await device.handle();
    world.cloud.dropLink();
    expect(await device.handle()).toBe("power-cut");
  });
});

describe("the trial", () => {
  async function trialOf(selfTest: () => boolean | Promise<boolean>) {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    expect(await world.boot({ selfTest }).handle({ force: true })).toBe("power-cut");
    await world.boot({ selfTest }).handle({ force: true });
    expect(world.flash.running).toEqual({ slot: 0, image: OLD, confirmed: true });
    expect(execution.status).toBe("FAILED");
    return execution.statusDetails;
  }

  test("B-9: a self test that returns false, throws, or does not end reverts", async () => {
    expect(await trialOf(async () => false)).toMatchObject({ reason: "self-test-failed", phase: "trial" });
    const thrown = await trialOf(() => {
      throw new Error("sensor is dead");
    });
    expect(thrown).toMatchObject({ reason: "self-test-failed", detail: "sensor is dead", running: "slot 0" });
    expect((await trialOf(() => new Promise(() => {})))["detail"]).toContain("60000 ms");
  });

  test("a failed self test without an image to revert to is FAILED, and the image stays and can be updated", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    const device = world.boot({ selfTest: () => false });
    device.device.slots.revert = async () => {
      throw new FotaError("FALLBACK_MISSING", "slot 0 holds no image to revert to");
    };
    await device.handle({ force: true });
    expect(execution).toMatchObject({
      status: "FAILED",
      statusDetails: { reason: "self-test-failed", running: "slot 1" },
    });
    expect(execution.statusDetails["detail"]).toMatch(
      /slot 0 holds no image to revert to: the new image stays/,
    );
    expect(world.flash.running).toEqual({ slot: 1, image: NEW, confirmed: true });
  });

  test("a trial that was given up during its self test is never SUCCEEDED: back to the old image, FAILED", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    const bootsBefore = world.flash.boots;
    const selfTest = async () => {
      await world.flash.slots(new Power()).revert(); // by the boot loader, for example: this process should not live
      return true;
    };
    const onTrial = world.boot({ selfTest });
    expect(await onTrial.handle({ force: true })).toBe("power-cut"); // the restart
    expect(onTrial.power.trace.filter((call) => call === "slots.accept")).toHaveLength(1);
    expect(execution.status).toBe("IN_PROGRESS");
    await world.boot({ selfTest }).handle({ force: true });
    expect(world.flash.running).toEqual({ slot: 0, image: OLD, confirmed: true });
    expect(execution.status).toBe("FAILED");
    expect(execution.statusDetails).toMatchObject({
      phase: "confirming",
      reason: "invalid fota",
      detail: "slot 1 is not on trial",
      running: "slot 0",
    });
    expect(world.flash.boots - bootsBefore).toBe(2); // no loop
  });

  test("confirm() of a trial that is over throws TRIAL_OVER", async () => {
    const { world } = worldWithJob();
    await world.boot().handle({ force: true });
    const { fota } = world.boot();
    await world.flash.slots(new Power()).revert();
    await expect(fota.confirm()).rejects.toMatchObject({ code: "TRIAL_OVER" });
    expect(world.flash.record).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  });

  test("a synchronous self test confirms with true and reverts with false", async () => {
    expect(await trialOf(() => false)).toMatchObject({ reason: "self-test-failed" });
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    await world.boot({ selfTest: () => true }).handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("the self test waits for the broker: an image that cannot reach it is not confirmed", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    const selfTest = vi.fn(async () => true);
    world.cloud.reachable = false;
    await world.boot({ selfTest }).handle({ force: true });
    expect(selfTest).not.toHaveBeenCalled();
    expect(world.flash.running.confirmed).toBe(false);
    world.cloud.reachable = true;
    await world.boot({ selfTest }).handle({ force: true });
    expect(execution.statusDetails).toMatchObject({
      reason: "invalid fota",
      phase: "trial",
      running: "slot 0",
    });
  });

  test("P-51: an image that crashes at boot is reported as FAILED invalid fota by the old firmware", async () => {
    const isNew = (image: Uint8Array) => image.length === NEW.length;
    const world = new FakeWorld({ old: OLD, new: NEW }, { boots: (image) => !isNew(image) });
    const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
    await world.boot().handle({ force: true });
    await world.boot({ overrides: { firmwareVersion: "1.0.0" } }).handle({ force: true });
    expect(execution.statusDetails).toMatchObject({
      reason: "invalid fota",
      detail: "the new image was not confirmed: the boot loader reverted to the old one",
      running: "1.0.0, slot 0",
    });
  });
});

describe("other kinds of job", () => {
  test("P-46, P-48, B-28: jobCallback gets each job once, and an error in it does no harm", async () => {
    const { world } = worldWithJob();
    world.cloud.addJob("other-1", { operation: "reboot" });
    const noOperation = world.cloud.addJob("other-2", "not even an object");
    noOperation.status = "IN_PROGRESS";
    const handed: string[] = [];
    const jobCallback = (job: Job) => {
      handed.push(String(job));
      throw new Error("the application is broken");
    };
    const device = world.boot();
    world.server.fault = () => ({ status: 404 });
    await device.handle({ force: true, jobCallback });
    await device.handle({ force: true, jobCallback });
    expect(handed).toEqual(["other-2@thing-1", "other-1@thing-1"]);
    expect(noOperation.status).toBe("IN_PROGRESS");
  });

  test("B-28: a new execution of the same job is handed over again", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const first = world.cloud.addJob("other", { operation: "reboot" });
    const device = world.boot();
    const handed: number[] = [];
    const jobCallback = (job: Job) => void handed.push(job.executionNumber);
    await device.handle({ force: true, jobCallback });
    first.status = "FAILED";
    world.cloud.addJob("other", { operation: "reboot" }, 2);
    await device.handle({ jobCallback });
    expect(handed).toEqual([1, 2]);
  });

  test("a jobCallback that never ends does not delay the update forever", async () => {
    const { world } = worldWithJob();
    const other = world.cloud.addJob("other", {});
    other.status = "IN_PROGRESS";
    const jobCallback = () => new Promise(() => {});
    expect(await world.boot().handle({ force: true, jobCallback })).toBe("power-cut");
  });
});

describe("a queue of which the service lists only the first ten", () => {
  function addOthers(world: FakeWorld, count: number, status: "QUEUED" | "IN_PROGRESS" = "QUEUED") {
    return Array.from({ length: count }, (_, index) => {
      const other = world.cloud.addJob(`other-${index}`, { operation: "reboot" });
      other.status = status;
      return other;
    });
  }
  const warnings = (world: FakeWorld) =>
    world.logged.filter((line) =>
      /^warn: AWS IoT lists only 10 pending jobs, and none of them is/.test(line),
    );

  test("an update behind ten jobs of another kind: a warning, once, and the update as soon as one ends", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const [first] = addOthers(world, 10);
    const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
    const device = world.boot();
    await device.handle({ force: true });
    await device.handle({ force: true });
    expect(warnings(world)).toHaveLength(1);
    expect(execution.status).toBe("QUEUED");
    if (first !== undefined) world.cloud.cancel(first);
    expect(await device.handle()).toBe("power-cut");
    expect(execution.status).toBe("IN_PROGRESS");
  });

  test("nine jobs of another kind hide nothing", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    addOthers(world, 9);
    await world.boot().handle({ force: true });
    expect(warnings(world)).toEqual([]);
  });

  test("an update that a notification named is found after others went before it", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const device = world.boot();
    await device.handle({ force: true });
    const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
    addOthers(world, 10, "IN_PROGRESS");
    expect(await device.handle()).toBe("power-cut");
    expect(execution.status).toBe("IN_PROGRESS");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("an update whose id the device knows is found behind any number", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    addOthers(world, 30);
    const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
    expect(await world.boot().handle({ jobId: "job-1" })).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(await world.boot().handle({ jobId: "job-1" })).toBeUndefined(); // it has ended
  });

  test("each hidden job of another kind is handed over once", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const device = world.boot();
    await device.handle({ force: true });
    world.cloud.addJob("hidden", { operation: "reboot" });
    addOthers(world, 10, "IN_PROGRESS");
    const handed: string[] = [];
    const jobCallback = (job: Job) => void handed.push(job.jobId);
    await device.handle({ force: true, jobCallback });
    await device.handle({ force: true, jobCallback });
    expect(handed.filter((jobId) => jobId === "hidden")).toHaveLength(1);
    expect(handed).toHaveLength(11);
  });
});

describe("one by one", () => {
  test("P-40: update returns false for every mismatch and writes no record", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { fota } = world.boot();
    const wrong = [
      documentOf(imageOf(4, NEW.length), 1),
      documentOf(NEW, 1, { bc_size: 19_999 }),
      documentOf(NEW, 1, { bc_size: 20_001 }),
      documentOf(NEW, 0),
      { operation: "fota" },
      null,
    ];
    for (const document of wrong) expect(await world.clock.run(fota.update(document))).toBe(false);
    expect(world.flash.record).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  });

  test("P-42, P-43: update, test, reset, confirm", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { fota, power } = world.boot();
    expect(await world.clock.run(fota.update(documentOf(NEW, 1)))).toBe(true);
    await fota.test(documentOf(NEW, 1));
    await Promise.race([power.off, fota.reset()]);
    const next = world.boot();
    expect(world.flash.running).toEqual({ slot: 1, image: NEW, confirmed: false });
    await next.fota.confirm();
    expect(world.flash.running.confirmed).toBe(true);
  });

  test("test refuses an image that is not in its slot", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { fota } = world.boot();
    await expect(fota.test(documentOf(NEW, 1))).rejects.toMatchObject({ code: "IMAGE_NOT_VERIFIED" });
    await expect(fota.test(documentOf(OLD, 0))).rejects.toMatchObject({ code: "IMAGE_NOT_VERIFIED" });
    expect(world.flash.record.currentSlot).toBe(0);
  });

  test("update refuses to write the slot that a device on trial would revert to", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { fota } = world.boot();
    await world.clock.run(fota.update(documentOf(NEW, 1)));
    await fota.test(documentOf(NEW, 1));
    const onTrial = world.boot();
    expect(await world.clock.run(onTrial.fota.update(documentOf(NEW, 0)))).toBe(false);
    expect(world.flash.slotBytes(0)).toEqual(OLD);
  });
});

describe("what is saved", () => {
  test("a torn state is no state, is logged, and the job still ends", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    world.flash.state = world.flash.state?.slice(0, 40);
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.logged).toContain("warn: ignoring the saved update state: it is not valid");
  });

  test("a state that is lost on trial, with no notification to come: the job still ends", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    world.flash.state = "";
    await world.boot().handle();
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("a store that refuses to be read time after time counts as lost, and the job still ends", async () => {
    const { world, execution } = worldWithJob();
    await world.boot().handle({ force: true });
    const device = world.boot();
    device.device.state.load = async () => {
      throw new Error("EIO");
    };
    for (let pass = 0; pass < 3; pass += 1) await device.handle();
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.logged).toContain("error: cannot read the saved update state after 3 attempts: EIO");
  });

  test("a saved download for the slot to fall back to, from before a change by hand, does not touch it", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { fota } = world.boot();
    await world.clock.run(fota.update(documentOf(NEW, 1)));
    await fota.test(documentOf(NEW, 1));
    const next = imageOf(5, 700);
    const execution = world.cloud.addJob("job-1", documentOf(next, 0));
    execution.status = "IN_PROGRESS";
    const { bc_idx: slot, bc_size: sizeBytes, bc_crc: md5, bc_url: url } = documentOf(next, 0);
    const about = { execution: { jobId: "job-1", executionNumber: 1, versionNumber: 1 } };
    const order = { slot, sizeBytes, md5, url };
    const state = { phase: "downloading", ...about, order, journal: { offsetBytes: 0 } };
    world.flash.state = JSON.stringify({ version: 1, state });
    await world.boot().handle({ force: true });
    expect(world.flash.slotBytes(0)).toEqual(OLD);
    expect(execution.statusDetails).toMatchObject({ reason: "slot-failed", phase: "downloading" });
  });

  test("a state that cannot be saved stops the update before it acts, and nothing is thrown", async () => {
    const { world, execution } = worldWithJob();
    const device = world.boot();
    device.device.state.save = async () => {
      throw new Error("disk full");
    };
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(execution.status).toBe("QUEUED");
    expect(world.logged).toContain("error: handleFotaJobs: disk full");
  });
});
