import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  AttachPolicyCommand,
  CancelJobCommand,
  CreateJobCommand,
  CreatePolicyCommand,
  DeleteJobCommand,
  DescribeJobExecutionCommand,
  DescribeThingCommand,
  IoTClient,
  type JobExecution,
} from "@aws-sdk/client-iot";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Local, type LocalOptions, startLocal } from "@fota/local";
import { keptPort } from "../../shared/test/kept-port.js";
import { documentOf } from "../src/testing/index.js";
import { BootDevice, buildFotaBoot } from "./boot-device.js";
import { docBlock } from "./doc-block.js";
import { entryOf, makePatch } from "./patches.js";

const run = promisify(execFile);
const BUILD = join(import.meta.dirname, "../../../examples/simulated-device/build.mjs");
const BUCKET = "images";
const POLICY = "fota-device";
/** The stand-in's only one. */
const ACCOUNT = "000000000000";

/** The example firmware under the real launcher, with its certificate, against the stand-in. */
export interface StandInDevice {
  thingName: string;
  boot: BootDevice;
  /** Path of its `agent.json`. */
  config: string;
}

/** A strict stand-in with the policy of docs/device-guide.md, its clients, and builds of the example firmware. */
export class StandIn {
  local!: Local;
  #iot!: IoTClient;
  #s3!: S3Client;
  #fotaBoot = "";
  readonly #tools: string;
  readonly #ports: LocalOptions;

  private constructor(tools: string, ports: LocalOptions) {
    this.#tools = tools;
    this.#ports = ports;
  }

  static async start(): Promise<StandIn> {
    const standIn = new StandIn(await mkdtemp(join(tmpdir(), "fota-stand-in-")), {
      port: await keptPort(),
      httpsPort: await keptPort(),
      mqttPort: await keptPort(),
      mqttsPort: await keptPort(),
    });
    standIn.#fotaBoot = await buildFotaBoot(standIn.#tools);
    await standIn.#open();
    await standIn.#s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const template = await docBlock("device-guide.md", "json");
    const { region } = standIn.local;
    const policyDocument = template.replaceAll("REGION", region).replaceAll("ACCOUNT", ACCOUNT);
    await standIn.#iot.send(new CreatePolicyCommand({ policyName: POLICY, policyDocument }));
    return standIn;
  }

  async #open(): Promise<void> {
    this.local = await startLocal({ ...this.#ports, strict: true, dir: join(this.#tools, "local") });
    const { endpoint, region } = this.local;
    const client = { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
    this.#iot = new IoTClient(client);
    this.#s3 = new S3Client({ ...client, forcePathStyle: true });
  }

  /** Stops while `meanwhile` runs, then starts again on the same ports with the same state. */
  async restart(meanwhile: () => Promise<unknown>): Promise<void> {
    await this.#close();
    await meanwhile();
    await this.#open();
  }

  async #close(): Promise<void> {
    this.#iot.destroy();
    this.#s3.destroy();
    await this.local.stop();
  }

  async stop(): Promise<void> {
    await this.#close();
    await rm(this.#tools, { recursive: true });
  }

  async buildFirmware(version: string, ...flags: string[]): Promise<void> {
    await run(process.execPath, [BUILD, "--version", version, ...flags, "--out", this.imagePath(version)]);
  }

  /** Extends the firmware to `sizeBytes` with a comment. */
  async padFirmware(version: string, sizeBytes: number): Promise<void> {
    const start = "\n//";
    const { size } = await stat(this.imagePath(version));
    const missingBytes = sizeBytes - size - start.length;
    const comment = randomBytes(Math.ceil(missingBytes / 2)).toString("hex");
    await appendFile(this.imagePath(version), start + comment.slice(0, missingBytes));
  }

  /**
   * Writes an application that knows nothing of updates: a shell script that prints its version and runs on. Comments
   * extend it by `paddingBytes`.
   */
  async makeApp(version: string, paddingBytes = 0): Promise<void> {
    const script = `#!/bin/sh\necho "app ${version} pid $$ "\nexec sleep 6000\n${"#".repeat(paddingBytes)}`;
    await writeFile(this.imagePath(version), script, { mode: 0o755 });
  }

  /** Path of the firmware with this version; a test may write its own there. */
  imagePath(version: string): string {
    return join(this.#tools, version);
  }

  /** Creates a device with its certificate and `version` in slot 0. `env` is set for all its processes. */
  async makeDevice(version: string, env: Readonly<Record<string, string>> = {}): Promise<StandInDevice> {
    const thingName = `pump-${randomBytes(4).toString("hex")}`;
    const { certificateId, certificatePem, privateKeyPem } = await this.local.provisionThing(thingName);
    const target = `arn:aws:iot:${this.local.region}:${ACCOUNT}:cert/${certificateId}`;
    await this.#iot.send(new AttachPolicyCommand({ policyName: POLICY, target }));
    const [cert, key] = ["pem", "key"].map((kind) => join(this.#tools, `${thingName}.${kind}`));
    const settings = { FOTA_THING: thingName, FOTA_MQTT_URL: this.local.mqtts, FOTA_POLL_MS: "100" };
    const fromStandIn = { FOTA_ALLOW_LOOPBACK_HTTP: "1" };
    const paths = { FOTA_CERT: `${cert}`, FOTA_KEY: `${key}`, FOTA_CA: this.local.ca };
    await writeFile(paths.FOTA_CERT, certificatePem);
    await writeFile(paths.FOTA_KEY, privateKeyPem, { mode: 0o600 });
    const config = join(this.#tools, `${thingName}.json`);
    const files = { cert: paths.FOTA_CERT, key: paths.FOTA_KEY, ca: paths.FOTA_CA };
    await writeFile(
      config,
      JSON.stringify({ endpoint: new URL(this.local.mqtts).host, thingName, ...files }),
    );
    const identity = { ...paths, FOTA_AGENT_CONFIG: config };
    const boot = await BootDevice.make(this.#fotaBoot, { ...settings, ...fromStandIn, ...identity, ...env });
    const code = await boot.launch("--install", this.imagePath(version)).ended;
    if (code !== 0) throw new Error(`fota-boot --install ended with ${code}`);
    return { thingName, boot, config };
  }

  /**
   * Publishes without fota: uploads the image, and creates a job with a presigned URL, or with `url`. Returns the job id,
   * which is also the key of the object.
   */
  async createJob(
    version: string,
    thingName: string,
    slot = 1,
    jobId = newJobId(),
    url?: string,
  ): Promise<string> {
    const image = await readFile(this.imagePath(version));
    const document = {
      operation: "fota",
      bc_idx: slot,
      bc_crc: createHash("md5").update(image).digest("hex"),
      bc_size: image.length,
      bc_url: url ?? (await this.upload(image, jobId)),
      bc_sha256: createHash("sha256").update(image).digest("hex"),
    };
    return await this.createJobWith(document, thingName, jobId);
  }

  /** Creates a job as `createJob` does, with a patch from the image of version `from`. */
  async createPatchJob(version: string, from: string, thingName: string, slot = 1): Promise<string> {
    const [image, old] = await Promise.all([version, from].map((each) => readFile(this.imagePath(each))));
    if (image === undefined || old === undefined) throw new Error("no such image");
    const patch = await makePatch(old, image);
    const bc_delta = [entryOf(old, patch, await this.upload(patch))];
    const document = documentOf(image, slot, { bc_url: await this.upload(image), bc_delta });
    return await this.createJobWith(document, thingName);
  }

  /** Returns a presigned URL of `image`. */
  async upload(image: Uint8Array, key = newJobId()): Promise<string> {
    const object = { Bucket: BUCKET, Key: key };
    await this.#s3.send(new PutObjectCommand({ ...object, Body: image }));
    return await getSignedUrl(this.#s3, new GetObjectCommand(object));
  }

  /** Creates a job with this document, which nobody checks. Returns the job id. */
  async createJobWith(document: object, thingName: string, jobId = newJobId()): Promise<string> {
    const { thingArn = "" } = await this.#iot.send(new DescribeThingCommand({ thingName }));
    const job = { jobId, targets: [thingArn], document: JSON.stringify(document) };
    await this.#iot.send(new CreateJobCommand(job));
    return jobId;
  }

  /** Creates jobs that are not fota's; the returned function cancels them. */
  async makeForeignJobs(count: number, thingName: string): Promise<() => Promise<void>> {
    const { thingArn = "" } = await this.#iot.send(new DescribeThingCommand({ thingName }));
    const jobIds = Array.from({ length: count }, () => `other-${randomBytes(6).toString("hex")}`);
    for (const jobId of jobIds) {
      const job = { jobId, targets: [thingArn], document: JSON.stringify({ operation: "collect-logs" }) };
      await this.#iot.send(new CreateJobCommand(job));
    }
    return async () => {
      for (const jobId of jobIds) await this.#iot.send(new CancelJobCommand({ jobId }));
    };
  }

  /** Deletes a job with its executions, also those in progress. */
  async deleteJob(jobId: string): Promise<void> {
    await this.#iot.send(new DeleteJobCommand({ jobId, force: true }));
  }

  async executionOf(jobId: string, thingName: string): Promise<JobExecution> {
    const answer = await this.#iot.send(new DescribeJobExecutionCommand({ jobId, thingName }));
    if (answer.execution === undefined) throw new Error(`${thingName} has no execution of ${jobId}`);
    return answer.execution;
  }

  /** Tells whether `slot` of the device holds exactly `version`. */
  async holds(device: StandInDevice, slot: number, version: string): Promise<boolean> {
    const [held, image] = await Promise.all([
      readFile(join(device.boot.dir, `slot-${slot}`)),
      readFile(this.imagePath(version)),
    ]);
    return held.equals(image);
  }
}

function newJobId(): string {
  return `fw-${randomBytes(6).toString("hex")}`;
}
