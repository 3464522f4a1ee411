/** Troubles that tests switch on; as JSON they are what `POST /_fota/faults` takes. */
import type { ServiceName } from "../http/routing.js";

interface Counted {
  /** How often it strikes; until it is removed where this is left out. */
  times?: number;
}

/** Left out, `bucket` and `key` are any. */
interface OfObject extends Counted {
  bucket?: string;
  key?: string;
}

interface OfTransfer extends OfObject {
  /** `GET`, a download, unless told otherwise; `PUT` is the body of an upload as it is sent. */
  method?: "GET" | "PUT";
}

/** Offset in the object, whatever range of it a download is; in an upload offset in the body. */
interface AtByte extends OfTransfer {
  atByte: number;
}

interface OfMessage extends Counted {
  /** Filter that topics are held against, `$aws/...` too: here `#` takes those in. */
  topic: string;
  /** Both ways where this is left out. */
  direction?: "fromClient" | "toClient";
  clientId?: string;
}

/** Presigned URLs are answered as if they had expired a second ago. */
interface ExpireUrl extends OfObject {
  kind: "expireUrl";
}

/** An error in place of the operation, spelled as the service spells it. */
interface AnswerError extends OfObject {
  kind: "answerError";
  status: 403 | 500 | 503;
  /** `s3` where this is left out. */
  service?: ServiceName;
  method?: string;
  /** Of requests to the iot services, such as `/jobs/fw-2`. */
  path?: string;
}

/** The whole object is answered to a request for a range of it. */
interface IgnoreRange extends OfObject {
  kind: "ignoreRange";
}

/** The connection breaks in front of this byte. */
export interface CutTransfer extends AtByte {
  kind: "cutTransfer";
}

/** Nothing comes from this byte on, and the connection stays, until the fault is removed. */
export interface StallTransfer extends AtByte {
  kind: "stallTransfer";
}

/** This byte arrives with all its bits inverted. */
export interface FlipByte extends AtByte {
  kind: "flipByte";
}

/** A slow link, in real time whatever the stand-in's clock does. */
export interface SlowTransfer extends OfTransfer {
  kind: "slowTransfer";
  bytesPerSecond: number;
}

/** A message that never arrives. One from a client is not acknowledged; one to a client counts as sent. */
interface DropMessage extends OfMessage {
  kind: "dropMessage";
}

/** A message that others overtake, for so long on the stand-in's clock. */
interface DelayMessage extends OfMessage {
  kind: "delayMessage";
  delayMs: number;
}

interface DoubleMessage extends OfMessage {
  kind: "doubleMessage";
}

/** The connection breaks instead of carrying the message. */
interface DisconnectClient extends OfMessage {
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
