import { createHash } from "node:crypto";
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateJobCommand,
  type CreateJobCommandInput,
  CreateKeysAndCertificateCommand,
  CreatePolicyCommand,
  CreateThingCommand,
  DescribeJobCommand,
  GetThingConnectivityDataCommand,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { connectThing, type ThingOptions } from "@fota/agent/node";
import type { Clock } from "@fota/local";
import type { StatusDetails } from "@fota/shared";
import * as v from "valibot";
import { expect, vi } from "vitest";
import { ReusedBuffers } from "../src/device/reused-buffers.js";
import { runVirtualDevice, type VirtualDeviceOptions } from "../src/device/virtual-device.js";
import { createProgram } from "../src/program.js";
import { type Explanation, explanationSchema } from "../src/why/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";

const ACCOUNT = "arn:aws:iot:us-east-1:000000000000";
const MINUTE_MS = 60_000;

/** A fleet in whose stand-in time can be moved, and devices with all that they need. */
export interface WhyFleet extends Fleet {
  /** `fota why ... --json` at the stand-in's time. */
  why(jobId: string, thing?: string): Promise<Explanation>;
  /** The same for people. */
  whyText(args: readonly string[], columns?: number): Promise<string>;
  /** A thing with a certificate and the policy of the device guide. */
  device(
    thing: string,
  ): Promise<{ certificateArn: string; certificateId: string; cert: string; key: string }>;
  /** A job for an image of its own, as `publish` would make it with these settings, rolled out unless it is scheduled. */
  createJob(
    jobId: string,
    targets: string[],
    more?: Partial<CreateJobCommandInput>,
  ): Promise<{ key: string }>;
  /** Reports a status as a device, with its details. */
  report(thing: string, jobId: string, status: string, statusDetails?: StatusDetails): Promise<void>;
  /** Runs the real agent as the thing until the job on it has come to `status`. */
  runDevice(thing: string, jobId: string, status: string, fail?: VirtualDeviceOptions["fail"]): Promise<void>;
  /** The device connects, and leaves. */
  visit(thing: string): Promise<void>;
  minutes(count: number): void;
}

export async function startWhyFleet(): Promise<WhyFleet> {
  const beganMs = Date.now() - performance.now();
  // Not Date, which `why` sees moved: the stand-in's own time must not move with it.
  const clock: Clock = {
    nowMs: () => beganMs + performance.now(),
    after(delayMs, action) {
      const timer = setTimeout(action, Math.min(delayMs, 2 ** 31 - 1));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
  const fleet = await startFleet({ clock });
  const { local, iot, s3, folder } = fleet;
  const indexing = { thingIndexingMode: "REGISTRY", thingConnectivityIndexingMode: "STATUS" } as const;
  await iot.send(new UpdateIndexingConfigurationCommand({ thingIndexingConfiguration: indexing }));
  const thing = "${iot:Connection.Thing.ThingName}";
  const statement = (Action: string, Resource: string) => ({ Effect: "Allow", Action, Resource });
  await iot.send(
    new CreatePolicyCommand({
      policyName: "device",
      policyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          statement("iot:Connect", `${ACCOUNT}:client/${thing}`),
          statement("iot:Publish", `${ACCOUNT}:topic/$aws/things/${thing}/jobs/*`),
          statement("iot:Subscribe", `${ACCOUNT}:topicfilter/$aws/things/${thing}/jobs/*`),
          statement("iot:Receive", `${ACCOUNT}:topic/$aws/things/${thing}/jobs/*`),
        ],
      }),
    }),
  );
  const identities = new Map<string, { cert: string; key: string }>();

  /** `why` sees the stand-in's time. */
  async function atItsTime<T>(run: () => Promise<T>): Promise<T> {
    vi.useFakeTimers({ toFake: ["Date"], now: local.clock.nowMs() });
    try {
      return await run();
    } finally {
      vi.useRealTimers();
    }
  }

  function connectionOf(thingName: string): ThingOptions {
    return { thingName, url: local.mqtts, ca: local.caPem, ...identities.get(thingName) };
  }

  async function executionStatus(name: string, jobId: string): Promise<string> {
    const { stdout } = await fleet.fota(["status", jobId, "--thing", name, "--json"]);
    return stdout === "" ? "" : JSON.parse(stdout).executions[0].status;
  }

  return {
    ...fleet,
    async why(jobId, name) {
      const args = ["why", jobId, ...(name === undefined ? [] : ["--thing", name]), "--json"];
      const { code, stdout, stderr } = await atItsTime(() => fleet.fota(args));
      expect(stderr).toBe("");
      expect(code).toBe(0);
      const explanation = v.parse(explanationSchema, JSON.parse(stdout));
      for (const { command } of explanation.next) if (command !== null) checkCommand(command);
      return explanation;
    },
    async whyText(args) {
      const { code, stdout } = await atItsTime(() =>
        runFota(["why", ...args, "--local", "--endpoint-url", local.endpoint], { cwd: folder }),
      );
      expect(code).toBe(0);
      return stdout;
    },
    async device(thingName) {
      await iot.send(new CreateThingCommand({ thingName }));
      const made = await iot.send(new CreateKeysAndCertificateCommand({ setAsActive: true }));
      const { certificateArn = "", certificateId = "", certificatePem: cert = "", keyPair } = made;
      await iot.send(new AttachThingPrincipalCommand({ thingName, principal: certificateArn }));
      await iot.send(new AttachPolicyCommand({ policyName: "device", target: certificateArn }));
      const identity = { cert, key: keyPair?.PrivateKey ?? "" };
      identities.set(thingName, identity);
      return { certificateArn, certificateId, ...identity };
    },
    async createJob(jobId, targets, more = {}) {
      const image = Buffer.from(`image of ${jobId} `.repeat(200));
      const digest = (name: string) => createHash(name).update(image).digest("hex");
      const key = `fota/${digest("sha256")}/app.bin`;
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: image }));
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const { GetObjectCommand } = await import("@aws-sdk/client-s3");
      const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: BUCKET, Key: key }), {
        expiresIn: 3 * 86_400,
        signingDate: new Date(local.clock.nowMs()),
      });
      const document = {
        operation: "fota",
        bc_idx: 1,
        bc_crc: digest("md5"),
        bc_size: image.length,
        bc_url: url,
        bc_sha256: digest("sha256"),
      };
      const arns = targets.map((target) =>
        target.startsWith("group:")
          ? `${ACCOUNT}:thinggroup/${target.slice(6)}`
          : `${ACCOUNT}:thing/${target}`,
      );
      await iot.send(
        new CreateJobCommand({ jobId, targets: arns, document: JSON.stringify(document), ...more }),
      );
      if (more.schedulingConfig === undefined && more.jobExecutionsRolloutConfig === undefined) {
        await expect
          .poll(async () => (await iot.send(new DescribeJobCommand({ jobId }))).job?.jobProcessDetails)
          .not.toHaveProperty("processingTargets.0");
      }
      return { key };
    },
    async report(name, jobId, status, statusDetails = {}) {
      const scope = "20261124/us-east-1/iot-jobs-data/aws4_request";
      const authorization = `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=host, Signature=0`;
      const answer = await fetch(`${local.endpoint}/things/${encodeURIComponent(name)}/jobs/${jobId}`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ status, statusDetails }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    async runDevice(thingName, jobId, status, fail) {
      const stop = new AbortController();
      const running = runVirtualDevice({
        allowLoopbackHttp: true,
        inventory: false,
        dir: `${folder}/${thingName}`,
        lock: true,
        connection: {
          options: async () => connectionOf(thingName),
          http: {},
          standIn: () => undefined,
          isAway: () => false,
        },
        confirmWithinMs: 200,
        turns: { connect: (task) => task(), work: (task) => task(), trial: (task) => task() },
        buffers: new ReusedBuffers(),
        ...(fail !== undefined && { fail }),
        signal: stop.signal,
        onEvent: () => undefined,
      });
      try {
        await expect.poll(() => executionStatus(thingName, jobId)).toBe(status);
      } finally {
        stop.abort();
        await running;
      }
    },
    async visit(thingName) {
      const thing = await connectThing(connectionOf(thingName));
      await thing.disconnect();
      const connected = async () =>
        (await iot.send(new GetThingConnectivityDataCommand({ thingName }))).connected;
      await expect.poll(connected).toBe(false);
    },
    minutes(count) {
      local.clock.advance(count * MINUTE_MS);
    },
  };
}

/**
 * Holds a command that is advised against those that there are: no option that is not known, and a placeholder only in a
 * `fota publish`, for what the reader alone has: the image, and what it is.
 */
function checkCommand(line: string): void {
  expect(line).not.toMatch(/undefined/);
  if (!line.startsWith("fota publish <image> ")) expect(line).not.toMatch(/[<>]/);
  const [program, name, ...words] = line.split(" ");
  if (program === "aws") return;
  expect(program).toBe("fota");
  const known = createProgram(
    async () => {
      throw new Error("nothing is run");
    },
    { stdout: { write: () => true } } as never,
    () => undefined,
  );
  const command = known.commands.find((each) => each.name() === name);
  const options = [...known.options, ...(command?.options ?? [])].map(({ long }) => long);
  expect(options).toEqual(expect.arrayContaining(words.filter((word) => word.startsWith("--"))));
}
