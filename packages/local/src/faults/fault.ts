/** Faults that tests switch on. As JSON, they are the body of `POST /_fota/faults`. */
import type { ServiceName } from "../http/routing.js";

interface LimitedFault {
  /** How often the fault is applied; without it, until the fault is removed. */
  times?: number;
}

/** Without `bucket` or `key`, the fault applies to any. */
interface ObjectFault extends LimitedFault {
  bucket?: string;
  key?: string;
}

interface TransferFault extends ObjectFault {
  /** `GET` is a download, `PUT` the body of an upload as sent. @default "GET" */
  method?: "GET" | "PUT";
}

/** `atByte` is an offset in the object, whatever range a download requests; in an upload, an offset in the body. */
interface ByteFault extends TransferFault {
  atByte: number;
}

interface MessageFault extends LimitedFault {
  /** Topic filter. Unlike a subscription, `#` also matches `$aws/...` topics. */
  topic: string;
  /** Without it, the fault applies to both directions. */
  direction?: "fromClient" | "toClient";
  clientId?: string;
}

/** Answers presigned URLs as if they had expired one second ago. */
interface ExpireUrl extends ObjectFault {
  kind: "expireUrl";
}

/** Answers with an error of the service instead of running the operation. */
interface AnswerError extends ObjectFault {
  kind: "answerError";
  status: 403 | 500 | 503;
  /** @default "s3" */
  service?: ServiceName;
  method?: string;
  /** Path of requests to the iot services, such as `/jobs/fw-2`. */
  path?: string;
}

/** Answers a request for a range with the whole object. */
interface IgnoreRange extends ObjectFault {
  kind: "ignoreRange";
}

/** Breaks the connection before this byte. */
export interface CutTransfer extends ByteFault {
  kind: "cutTransfer";
}

/** Sends nothing from this byte on, with an open connection, until the fault is removed. */
export interface StallTransfer extends ByteFault {
  kind: "stallTransfer";
}

/** Inverts all bits of this byte. */
export interface FlipByte extends ByteFault {
  kind: "flipByte";
}

/** Limits the rate of a transfer, in real time, not by the stand-in's clock. */
export interface SlowTransfer extends TransferFault {
  kind: "slowTransfer";
  bytesPerSecond: number;
}

/** Drops a message. A message from a client is not acknowledged, a message to a client counts as sent. */
interface DropMessage extends MessageFault {
  kind: "dropMessage";
}

/** Delivers a message later, on the stand-in's clock; later messages overtake it. */
interface DelayMessage extends MessageFault {
  kind: "delayMessage";
  delayMs: number;
}

interface DoubleMessage extends MessageFault {
  kind: "doubleMessage";
}

/** Breaks the connection instead of delivering the message. */
interface DisconnectClient extends MessageFault {
  kind: "disconnectClient";
}

export type Fault =
  | ExpireUrl
  | AnswerError
  | IgnoreRange
  | CutTransfer
  | StallTransfer
  | FlipByte
  | SlowTransfer
  | DropMessage
  | DelayMessage
  | DoubleMessage
  | DisconnectClient;

export type FaultKind = Fault["kind"];
export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;
