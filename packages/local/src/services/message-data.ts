import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { matchShadowTopic } from "@fota/shared";
import { invalidRequest, notFound } from "../errors.js";
import type { Broker } from "../mqtt/broker.js";
import { MqttError } from "../mqtt/errors.js";
import { type Message, type MessageProperties, readPublish } from "../mqtt/message.js";
import { isRequestTopic } from "../mqtt/publish-handler.js";
import type { Authorizer } from "../policies/authorizer.js";
import {
  type Members,
  optionalBoolean,
  optionalChoice,
  optionalInteger,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
} from "../rest/fields.js";
import { type RestRequest, type Route, route } from "../rest/router.js";

export interface MessageRoutesOptions {
  broker: Pick<Broker, "publish" | "written" | "retained" | "retainedAfter">;
  /** Answers a request on a reserved topic. */
  answerRequest: (topic: string, payload: Uint8Array, certificateId: string | undefined) => Promise<unknown>;
  authorize: Authorizer["authorize"];
}

// Source: API model iot-data 2015-05-28.

/** Pages of ListRetainedMessages. */
const MAX_RESULTS = { min: 1, max: 200 };
const PUBLISH = ["qos", "retain", "contentType", "responseTopic", "messageExpiry"];
const HEADER = "x-amz-mqtt5-";

/** Returns the routes that publish a message and show retained ones. */
export function messageRoutes({ broker, answerRequest, authorize }: MessageRoutesOptions): Route[] {
  return [
    route("POST /topics/{topic+}", publish),
    route("GET /retainedMessage", listRetained),
    route("GET /retainedMessage/{topic+}", getRetained),
  ];

  async function publish(request: RestRequest) {
    const { certificateId } = request;
    const { message, isRequest } = readMessage(request);
    const { topic, payload, retain } = message;
    check(certificateId, "iot:Publish", `topic/${topic}`);
    if (retain) check(certificateId, "iot:RetainPublish", `topic/${topic}`);
    // As over MQTT: subscribers see the requests to the shadow service. No client waits for an answer to the others.
    if (!isRequest || matchShadowTopic(topic) !== undefined) broker.publish(message);
    if (isRequest) await answerRequest(topic, payload, certificateId);
    await broker.written();
    return { message: "OK", traceId: randomUUID() };
  }

  function getRetained({ params, query, certificateId }: RestRequest) {
    refuseUnknownMembers("GetRetainedMessage", queryMembers(query), []);
    const topic = params["topic"] ?? "";
    check(certificateId, "iot:GetRetainedMessage", `topic/${topic}`);
    const message = broker.retained(topic);
    if (message === undefined) throw notFound(`There is no retained message on topic ${topic}`);
    const { payload, qos, retainedAtMs, properties } = message;
    return {
      topic,
      payload: payload.toString("base64"),
      qos,
      lastModifiedTime: retainedAtMs,
      userProperties: writeUserProperties(properties.userProperties),
    };
  }

  function listRetained({ query, certificateId }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListRetainedMessages", members, ["maxResults", "nextToken"]);
    check(certificateId, "iot:ListRetainedMessages", "topic/*");
    const maxResults = optionalInteger(members, "maxResults", MAX_RESULTS) ?? MAX_RESULTS.max;
    const shown: Message[] = [];
    let nextToken: string | undefined;
    for (const message of broker.retainedAfter(readToken(members))) {
      if (shown.length === maxResults) {
        nextToken = tokenAfter(`${shown.at(-1)?.topic}`);
        break;
      }
      shown.push(message);
    }
    const retainedTopics = shown.map(({ topic, payload, qos, retainedAtMs }) => ({
      topic,
      payloadSize: payload.length,
      qos,
      lastModifiedTime: retainedAtMs,
    }));
    return { retainedTopics, nextToken };
  }

  function check(certificateId: string | undefined, action: string, resource: string): void {
    if (certificateId !== undefined) authorize({ certificateId }, action, resource);
  }
}

/** Reads what Publish sends. The limits are those of MQTT. @throws {AwsError} InvalidRequest */
function readMessage({ params, query, headers, bytes }: RestRequest): {
  message: Message;
  isRequest: boolean;
} {
  const members = queryMembers(query);
  refuseUnknownMembers("Publish", members, PUBLISH);
  const topic = params["topic"] ?? "";
  const packet = {
    cmd: "publish" as const,
    topic,
    payload: Buffer.from(bytes),
    qos: optionalInteger(members, "qos", { min: 0, max: 1 }) === 1 ? (1 as const) : (0 as const),
    retain: optionalBoolean(members, "retain"),
    dup: false,
    properties: { ...readHeaders(headers), ...readProperties(members) },
  };
  try {
    const message = readPublish(packet, new Map());
    const isRequest = isRequestTopic(topic);
    if (message.retain && topic.startsWith("$"))
      throw invalidRequest(`A message on the reserved topic ${topic} cannot be retained`);
    return { message, isRequest };
  } catch (error) {
    throw error instanceof MqttError ? invalidRequest(error.message) : error;
  }
}

function readProperties(members: Members): MessageProperties {
  const contentType = optionalString(members, "contentType");
  const responseTopic = optionalString(members, "responseTopic");
  const expiry = optionalInteger(members, "messageExpiry", { min: 0, max: 0xffff_ffff });
  return {
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(expiry !== undefined && { messageExpiryInterval: expiry }),
  };
}

function readHeaders(headers: IncomingHttpHeaders): MessageProperties {
  const format = optionalChoice(headers, `${HEADER}payload-format-indicator`, [
    "UNSPECIFIED_BYTES",
    "UTF8_DATA",
  ]);
  const correlation = optionalString(headers, `${HEADER}correlation-data`);
  const userProperties = optionalString(headers, `${HEADER}user-properties`);
  return {
    ...(format !== undefined && { payloadFormatIndicator: format === "UTF8_DATA" }),
    ...(correlation !== undefined && { correlationData: Buffer.from(correlation, "base64") }),
    ...(userProperties !== undefined && { userProperties: readUserProperties(userProperties) }),
  };
}

/** Reads user properties, which are base64 of `[{"name": "value"}, ...]`. @throws {AwsError} InvalidRequest */
function readUserProperties(encoded: string): Record<string, string[]> {
  const fault = "userProperties must be base64 of a JSON list of objects that have one text each";
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(encoded, "base64").toString());
    if (typeof list === "string") list = JSON.parse(list); // boto3 encodes the JSON text of its guide as a JSON string
  } catch {
    throw invalidRequest(fault);
  }
  if (!Array.isArray(list)) throw invalidRequest(fault);
  const found = new Map<string, string[]>();
  for (const each of list) {
    if (typeof each !== "object") throw invalidRequest(fault);
    for (const [name, value] of Object.entries(each ?? {})) {
      if (typeof value !== "string") throw invalidRequest(fault);
      found.set(name, [...(found.get(name) ?? []), value]);
    }
  }
  return Object.fromEntries(found);
}

function writeUserProperties(properties: MessageProperties["userProperties"]): string | undefined {
  if (properties === undefined) return undefined;
  const list = Object.entries(properties).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ [name]: value })),
  );
  return Buffer.from(JSON.stringify(list)).toString("base64");
}

function tokenAfter(topic: string): string {
  return Buffer.from(`after:${topic}`).toString("base64url");
}

/** @throws {AwsError} InvalidRequest */
function readToken(members: Members): string | undefined {
  const token = optionalString(members, "nextToken");
  if (token === undefined) return undefined;
  const [, topic] = /^after:(.+)$/su.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (topic === undefined) throw invalidRequest("The nextToken is not valid for this list");
  return topic;
}
