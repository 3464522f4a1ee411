/** The real `mosquitto_pub` and `mosquitto_sub` (Debian: `mosquitto-clients`) against the MQTT ports. */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { CreateJobCommand, DescribeEndpointCommand, IoTClient } from "@aws-sdk/client-iot";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Local, type ProvisionedThing, startLocal } from "../src/index.js";

const run = promisify(execFile);
const installed = spawnSync("mosquitto_sub", ["--help"]).error === undefined;
if (!installed) console.warn("skipped: mosquitto's clients are not installed (Debian: mosquitto-clients)");

describe.skipIf(!installed)("mosquitto's clients", () => {
  let local: Local;
  let folder: string;
  let thing: ProvisionedThing;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    local = await startLocal();
    folder = await mkdtemp(join(tmpdir(), "fota-mosquitto-"));
    thing = await local.provisionThing("t1");
    await writeFile(join(folder, "cert.pem"), thing.certificatePem);
    await writeFile(join(folder, "key.pem"), thing.privateKeyPem, { mode: 0o600 });
  });

  afterEach(async () => {
    await Promise.all(
      children.splice(0).map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, "exit");
        child.kill();
        await gone;
      }),
    );
  });

  afterAll(async () => {
    await local?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const plain = () => ["-h", "127.0.0.1", "-p", new URL(local.mqtt).port];
  const mutualTls = () => [
    ...["-h", "localhost", "-p", new URL(local.mqtts).port, "--cafile", local.ca],
    ...["--cert", join(folder, "cert.pem"), "--key", join(folder, "key.pem")],
  ];
  const publish = (...words: string[]) => run("mosquitto_pub", words, { timeout: 120_000 });

  /** Starts a subscriber and waits for its SUBACK; `next` resolves to the next line that it prints. */
  async function subscribe(...words: string[]): Promise<{ next(): Promise<string>; child: ChildProcess }> {
    // Without this, it would buffer its output to a pipe.
    const child = spawn("stdbuf", ["-oL", "mosquitto_sub", "-d", "-F", "> %t %q %r %p", ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (start: string) => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error("mosquitto_sub has ended");
        if (value.startsWith(start)) return value.slice(start.length);
      }
    };
    await next("Subscribed (mid: ");
    return { child, next: () => next("> ") };
  }

  test.each(["mqttv311", "mqttv5"])("exchange messages of QoS 0 and 1 over %s", async (version) => {
    const subscriber = await subscribe(...plain(), "-V", version, "-q", "1", "-t", "dt/+/state");
    await publish(...plain(), "-V", version, "-q", "1", "-t", "dt/one/state", "-m", "on");
    expect(await subscriber.next()).toBe("dt/one/state 1 0 on");
    await publish(...plain(), "-V", version, "-q", "0", "-t", "dt/two/state", "-m", "off");
    expect(await subscriber.next()).toBe("dt/two/state 0 0 off");
  });

  test("get retained messages when they subscribe later, by exact topic", async () => {
    await publish(...plain(), "-q", "1", "-r", "-t", "kept/one", "-m", "still here");
    expect(await (await subscribe(...plain(), "-q", "1", "-t", "kept/one")).next()).toBe(
      "kept/one 1 1 still here",
    );
    const wildcard = await subscribe(...plain(), "-q", "1", "-t", "kept/#");
    await publish(...plain(), "-q", "1", "-t", "kept/two", "-m", "new");
    expect(await wildcard.next()).toBe("kept/two 1 0 new");
    await publish(...plain(), "-q", "1", "-r", "-t", "kept/one", "-n");
  });

  test.each([
    ["mqttv311", ["-c"]],
    ["mqttv5", ["-c", "-x", "600"]],
  ])(
    "get the messages of a persistent session that arrived while they were away (%s)",
    async (version, session) => {
      const words = [
        ...plain(),
        "-V",
        version,
        "-i",
        `sleeper-${version}`,
        ...session,
        "-q",
        "1",
        "-t",
        "later/#",
      ];
      const first = await subscribe(...words);
      first.child.kill("SIGTERM");
      await once(first.child, "exit");
      await publish(...plain(), "-q", "1", "-t", "later/one", "-m", "1");
      await publish(...plain(), "-q", "1", "-t", "later/two", "-m", "2");
      const child = spawn("mosquitto_sub", ["-F", "%t %p", "-C", "2", ...words], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      let printed = "";
      child.stdout.on("data", (chunk) => {
        printed += chunk;
      });
      await once(child, "close");
      expect(printed).toBe("later/one 1\nlater/two 2\n");
    },
  );

  // Only on Linux are all addresses below 127 this machine's; one of its own leaves port 8883 to others.
  test.skipIf(process.platform !== "linux")(
    "connect to port 8883 of the host in DescribeEndpoint",
    async () => {
      const host = `127.${randomInt(1, 255)}.${randomInt(255)}.${randomInt(1, 255)}`;
      const standIn = await startLocal({ host, mqttsPort: 8883 });
      const iot = new IoTClient({
        endpoint: standIn.endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      });
      try {
        const address = async (endpointType: string) =>
          (await iot.send(new DescribeEndpointCommand({ endpointType }))).endpointAddress ?? "";
        expect(await address("iot:Jobs")).toBe(new URL(standIn.https).host); // not port 443, so with its port
        const made = await standIn.provisionThing("t2");
        await writeFile(join(folder, "cert-2.pem"), made.certificatePem);
        await writeFile(join(folder, "key-2.pem"), made.privateKeyPem, { mode: 0o600 });
        const words = ["--cert", join(folder, "cert-2.pem"), "--key", join(folder, "key-2.pem")];
        const endpoint = await address("iot:Data-ATS");
        await publish(
          "-h",
          endpoint,
          "-p",
          "8883",
          "--cafile",
          standIn.ca,
          ...words,
          "-q",
          "1",
          "-t",
          "dt",
          "-m",
          "x",
        );
        expect(endpoint).toBe(host);
      } finally {
        iot.destroy();
        await standIn.stop();
      }
    },
  );

  test("leave a last will when they are killed", async () => {
    const watcher = await subscribe(...plain(), "-q", "1", "-t", "will/#");
    const doomed = await subscribe(
      ...[
        ...plain(),
        "-t",
        "dt/none",
        "--will-topic",
        "will/t1",
        "--will-payload",
        "gone",
        "--will-qos",
        "1",
      ],
    );
    doomed.child.kill("SIGKILL");
    expect(await watcher.next()).toBe("will/t1 1 0 gone");
  });

  test("run a job over mutual TLS, step by step", async () => {
    const jobs = "$aws/things/t1/jobs";
    const device = await subscribe(...mutualTls(), "-i", "t1", "-q", "1", "-t", `${jobs}/#`);
    const iot = new IoTClient({
      endpoint: local.endpoint,
      region: local.region,
      credentials: { accessKeyId: "any", secretAccessKey: "any" },
    });
    await iot.send(
      new CreateJobCommand({
        jobId: "j1",
        targets: ["arn:aws:iot:us-east-1:000000000000:thing/t1"],
        document: '{"operation":"fota"}',
      }),
    );
    const next = async () => {
      const [topic, , , ...payload] = (await device.next()).split(" ");
      return { topic, payload: JSON.parse(payload.join(" ")) };
    };
    const announced = [await next(), await next()].map(({ topic }) => topic).sort();
    expect(announced).toEqual([`${jobs}/notify`, `${jobs}/notify-next`]);
    // The request comes from a connection with another client id, so the subscriber does not get its answers.
    const ask = (topic: string, body: object) =>
      publish(...mutualTls(), "-i", "asker", "-q", "1", "-t", `${jobs}/${topic}`, "-m", JSON.stringify(body));
    await ask("start-next", { clientToken: "c1" });
    await ask("j1/update", { status: "SUCCEEDED" });
    const last = [await next(), await next()].sort((a, b) => String(a.topic).localeCompare(String(b.topic)));
    expect(last).toEqual([
      { topic: `${jobs}/notify`, payload: { timestamp: expect.any(Number), jobs: {} } },
      { topic: `${jobs}/notify-next`, payload: { timestamp: expect.any(Number) } },
    ]);
  });

  test("with QoS 2 get no answer over 3.1.1, as from AWS, and an error over 5", async () => {
    const words = [...plain(), "-q", "2", "-t", "dt/one", "-m", "x"];
    await expect(run("mosquitto_pub", words, { timeout: 500 })).rejects.toMatchObject({ killed: true });
    const { stderr } = await publish(...words, "-V", "mqttv5");
    expect(stderr).toContain("QoS not supported on broker");
  });

  test("without the certificate get no TLS connection", async () => {
    const [, , , port = ""] = mutualTls();
    const words = ["-h", "localhost", "-p", port, "--cafile", local.ca, "-t", "dt/one", "-m", "x"];
    await expect(publish(...words)).rejects.toThrow();
  });
});
