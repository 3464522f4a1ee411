import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateThingCommand, DescribeJobCommand, IoTClient } from "@aws-sdk/client-iot";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type Local, type LocalOptions, startLocal } from "@fota/local";
import type { JobExecutionStatus, StatusDetails } from "@fota/shared";
import { expect } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { type PublishOptions, type PublishResult, publish } from "../src/index.js";
import { type RunOptions, runFota } from "./in-process.js";

export const BUCKET = "fw-releases";
/** A plan of `fota rollout`, for the image of the last publish. */
const PLAN = {
  name: "pumps",
  publish: { image: "app.bin", slot: 1, bucket: BUCKET, fwVersion: "1.4.0" },
  stages: [
    { name: "canary", to: ["pump-6"], gate: { soak: "2h" } },
    { name: "all", to: ["pump-7", "pump-8"] },
  ],
};
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** A stand-in with a bucket and pump-0 to pump-9, and what people and devices do to it. */
export interface Fleet {
  local: Local;
  iot: IoTClient;
  s3: S3Client;
  /** Has `plan.json`. */
  folder: string;
  /** One command line in this process, with `--local`; `typed` are answers, on a terminal. */
  fota(
    args: readonly string[],
    typed?: readonly string[],
    onStderr?: RunOptions["onStderr"],
  ): ReturnType<typeof runFota>;
  /** Publishes an image that no other publish has; waits until each thing has its execution. */
  publish(options: Partial<PublishOptions> & { to: string[] }): Promise<PublishResult>;
  /** What a device reports of its job. */
  report(thing: string, jobId: string, status: JobExecutionStatus, details?: StatusDetails): Promise<void>;
  /** Requests of this method to this path of AWS IoT are refused until `clear` of the faults. */
  refuse(method: string, path: string): void;
  stop(): Promise<void>;
}

export async function startFleet(options: LocalOptions = {}): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), "fota-fleet-"));
  const local = await startLocal(options);
  const common = { endpoint: local.endpoint, region: local.region, credentials };
  const iot = new IoTClient(common);
  const s3 = new S3Client({ ...common, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  for (let i = 0; i < 10; i += 1) await iot.send(new CreateThingCommand({ thingName: `pump-${i}` }));
  const reach = ["--local", "--endpoint-url", local.endpoint];
  await writeFile(join(folder, "plan.json"), JSON.stringify(PLAN));

  return {
    local,
    iot,
    s3,
    folder,
    async fota(args, typed, onStderr) {
      const ended = await runFota([...args, ...reach], {
        cwd: folder,
        ...(onStderr !== undefined && { onStderr }),
        ...(typed !== undefined && { typed }),
      });
      // Long lines are broken at words there.
      return { ...ended, stderr: ended.stderr.replace(/\n(?!(error|hint|warning): |$)/g, " ") };
    },
    async publish(options) {
      await writeFile(join(folder, "app.bin"), randomBytes(3_000));
      const least = { images: ["app.bin"], slot: 1, bucket: BUCKET, cwd: folder };
      const done = await publish({ ...least, local: true, endpointUrl: local.endpoint, ...options });
      await eventually(async () => {
        const { job } = await iot.send(new DescribeJobCommand({ jobId: done.jobId }));
        expect(job?.jobProcessDetails?.processingTargets ?? []).toEqual([]);
      });
      return done;
    },
    async report(thing, jobId, status, statusDetails) {
      const scope = "20261124/us-east-1/iot-jobs-data/aws4_request";
      const authorization = `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=host, Signature=0`;
      const url = `${local.endpoint}/things/${thing}/jobs/${jobId}`;
      const body = JSON.stringify({ status, statusDetails });
      const answer = await fetch(url, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body,
      });
      if (!answer.ok) throw new Error(`${status} of ${thing}: ${await answer.text()}`);
    },
    refuse(method, path) {
      local.faults.add({ kind: "answerError", service: "iot", status: 403, method, path });
    },
    async stop() {
      for (const client of [iot, s3]) client.destroy();
      await local.stop();
      await rm(folder, { recursive: true });
    },
  };
}
