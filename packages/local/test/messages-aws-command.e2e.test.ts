/** The real `aws` command: messages over HTTP, retained messages and Basic Ingest. */
import { connectAsync, type IPublishPacket } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { type AwsCommandAtHome, hasAwsCommand, startAwsCommandAtHome } from "./support/aws-command.js";

describe.skipIf(!hasAwsCommand)("the aws command", () => {
  const log: string[] = [];
  let local: Local;
  let command: AwsCommandAtHome;

  beforeAll(async () => {
    local = await startLocal({ log: (line) => log.push(line) });
    command = await startAwsCommandAtHome();
  });

  afterAll(async () => {
    await command?.stop();
    await local?.stop();
  });

  const iotData = (operation: string, ...words: string[]) =>
    command.run("iot-data", operation, "--endpoint-url", local.endpoint, ...words);

  test("publishes a message with MQTT 5 properties, which a subscriber gets", async () => {
    const subscriber = await connectAsync(local.mqtt, { protocolVersion: 5 });
    const received = new Promise<IPublishPacket>((resolve) => {
      subscriber.on("message", (_topic, _payload, packet) => resolve(packet));
    });
    await subscriber.subscribeAsync("dt/#", { qos: 1 });
    await iotData(
      ...[
        "publish",
        "--topic",
        "dt/1",
        "--qos",
        "1",
        "--payload",
        "on",
        "--user-properties",
        '[{"unit":"C"}]',
      ],
      ...[
        "--content-type",
        "text/plain",
        "--payload-format-indicator",
        "UTF8_DATA",
        "--message-expiry",
        "60",
      ],
      ...["--response-topic", "dt/answers", "--correlation-data", "AQI="],
    );
    const { topic, payload, qos, properties } = await received;
    expect({ topic, text: payload.toString(), qos, properties }).toEqual({
      topic: "dt/1",
      text: "on",
      qos: 1,
      properties: {
        userProperties: expect.objectContaining({ unit: "C" }),
        contentType: "text/plain",
        payloadFormatIndicator: true,
        messageExpiryInterval: 60,
        responseTopic: "dt/answers",
        correlationData: Buffer.from([1, 2]),
      },
    });
    await subscriber.endAsync();
  });

  test("retains a message, lists it, reads it, and deletes it with an empty payload", async () => {
    await iotData("publish", "--topic", "state/1", "--qos", "1", "--retain", "--payload", "open");
    const { retainedTopics } = JSON.parse(await iotData("list-retained-messages"));
    expect(retainedTopics).toMatchObject([{ topic: "state/1", payloadSize: 4, qos: 1 }]);
    const read = JSON.parse(await iotData("get-retained-message", "--topic", "state/1"));
    expect(Buffer.from(read.payload, "base64").toString()).toBe("open");
    await iotData("publish", "--topic", "state/1", "--retain");
    await expect(iotData("get-retained-message", "--topic", "state/1")).rejects.toThrow(
      "ResourceNotFoundException",
    );
  });

  test("publishes to a rule; the log names the rule once, and the count has all messages", async () => {
    await iotData("publish", "--topic", "$aws/rules/audit/dt/1", "--qos", "1", "--payload", "xyz");
    await iotData("publish", "--topic", "$aws/rules/audit", "--payload", "xyz");
    await expect(iotData("publish", "--topic", "$aws/rules/not-a-rule/dt")).rejects.toThrow(
      "the name of a rule has 1 to 128 of a-z, A-Z, 0-9 and _",
    );
    const { rules } = (await (await fetch(`${local.endpoint}/_fota/rules`)).json()) as { rules: unknown };
    expect(rules).toEqual([{ ruleName: "audit", messages: 2, sizeBytes: 6, lastTopic: "$aws/rules/audit" }]);
    expect(log.filter((line) => line.includes("rule audit"))).toHaveLength(1);
  });
});
