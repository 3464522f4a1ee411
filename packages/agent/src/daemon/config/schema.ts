import * as v from "valibot";
import {
  described,
  flag,
  may,
  OBJECT,
  path,
  publicKey,
  seconds,
  text,
  texts,
  whole,
  withDefault,
} from "../fields/field.js";
import { hooksSchema } from "../hooks/config.js";
import { jobsSchema } from "../jobs/config.js";
import { maintenanceSchema } from "../maintenance/config.js";
import { slotsSchema } from "../slots/adapters.js";

const HOSTS = "must be a list of host names";
const KEYS = "must be an object of key ids and public keys";
const publicKeys = v.record(v.string(), publicKey, KEYS);

const trustSchema = v.strictObject(
  {
    keys: described(publicKeys, "Ed25519 public keys by key id: base64, PEM text, or the path of a PEM file"),
    threshold: may(whole(1), "how many of the keys must sign a job document (default: 1)"),
    rootKeys: may(publicKeys, "keys that sign changes of the key set (default: `keys`)"),
    rootThreshold: may(whole(1), "how many of the root keys must sign a change (default: 1)"),
    keysVersion: may(whole(1), "version of this key set (default: 1)"),
    allowUnsigned: may(flag, "accepts unsigned job documents while a fleet moves to signed ones"),
    seq: may(whole(0), "lowest `bc_seq` that is accepted (default: 0)"),
    builtAt: may(whole(0), "no earlier time is taken for the present, in seconds since 1970"),
  },
  OBJECT,
);

const trialSchema = v.strictObject(
  {
    confirmAfterSeconds: withDefault(
      seconds,
      30,
      "how long a new image must run, with the broker reached, before it is tested and confirmed",
    ),
    revertAfterSeconds: withDefault(
      seconds,
      900,
      "an image on trial that is not confirmed by then is reverted; 0: only the boot loader limits the trial",
    ),
  },
  OBJECT,
);

const downloadSchema = v.strictObject(
  {
    allowedHosts: may(
      texts(HOSTS),
      "hosts to download images from: names, and `*.suffix` for all names below it (default: all)",
    ),
    ca: may(path, "roots to trust for the download, in addition to those of Node.js"),
    allowLoopbackHttp: may(
      flag,
      "allows http to this machine, for `fota local` (default: only if the broker is on this machine)",
    ),
  },
  OBJECT,
);

const mqttSchema = v.strictObject(
  {
    clientId: may(text, "MQTT client id (default: the thing name)"),
    keepAliveSeconds: may(
      whole(5, 1200),
      "time between two signs of life on an idle connection (default: 60)",
    ),
  },
  OBJECT,
);

/**
 * Defines `agent.json` in one place: its check, its type, the variables of the environment and the JSON Schema that
 * editors read. Extends the file that `fota thing create` writes (`AgentConfig`).
 */
export const configSchema = v.strictObject(
  {
    $schema: may(text, "address of this schema, for editors"),
    endpoint: described(text, "`host` or `host:port` of AWS IoT Core"),
    thingName: described(text, "name of the thing"),
    cert: described(path, "device certificate, PEM or DER"),
    key: described(path, "private key of the device, PEM or DER"),
    ca: described(path, "root CA of AWS IoT Core, PEM or DER"),
    passphraseFile: may(path, "file whose first line decrypts the private key"),
    model: may(text, "hardware model: the device refuses job documents for another one"),
    firmwareVersion: may(text, "version of the running firmware (default: that of the last update)"),
    firmwareVersionFile: may(
      path,
      "file with the version of the running firmware: its first line, or its VERSION_ID as in os-release",
    ),
    stateDir: withDefault(path, "/var/lib/fota", "folder of the saved state"),
    slots: withDefault(slotsSchema, { type: "files" }, "where images are, and which boot loader boots them"),
    trial: withDefault(trialSchema, {}, "when a new image is confirmed"),
    download: withDefault(downloadSchema, {}, "the download of images"),
    hooks: withDefault(hooksSchema, {}, "executables that are asked about updates"),
    jobs: withDefault(jobsSchema, {}, "executables that carry out other jobs"),
    maintenance: withDefault(maintenanceSchema, {}, "when an update may go on"),
    allowDowngrade: withDefault(flag, true, "allows a version below the running one"),
    trust: may(trustSchema, "whose job documents the device trusts (default: everyone who can create jobs)"),
    inventory: withDefault(flag, false, "reports what runs in the named shadow `fota`, for `fota fleet`"),
    proxy: may(text, "proxy for broker and downloads, or `none` (default: HTTPS_PROXY and so on)"),
    mqtt: withDefault(mqttSchema, {}, "the connection"),
    logLevel: withDefault(
      v.picklist(["debug", "info", "warn", "error"], "must be debug, info, warn or error"),
      "info",
      "lowest level of the messages in the log",
    ),
  },
  OBJECT,
);

/** The configuration of `fota-agent`, with defaults filled in and absolute paths. */
export type Config = v.InferOutput<typeof configSchema>;
