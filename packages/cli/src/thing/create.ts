import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { type AgentConfig, FotaError, hintOf, hintText, isFotaError } from "@fota/shared";
import { createCertificate, type IssuedCertificate } from "../aws/certificates.js";
import { allowDevice, DEVICE_POLICY_NAME } from "../aws/device-policy.js";
import type { Iot } from "../aws/iot.js";
import { attachPrincipal } from "../aws/principals.js";
import { makeKeyWithRequest, requestFor } from "../aws/signing-request.js";
import { addThingToGroup } from "../aws/thing-groups.js";
import { createThing, setThingAttributes, thingArn } from "../aws/things.js";
import { given } from "../given.js";
import {
  CERT_FILE,
  CONFIG_FILE,
  KEY_FILE,
  makeFolder,
  readIfThere,
  writeKey,
  writePublic,
} from "./folder.js";
import type { CreatePlan } from "./plan-create.js";
import type { CreationStep, ThingCreation } from "./result.js";

interface Step extends Pick<CreationStep, "what"> {
  /** Called again after the step has run, because AWS chooses the id of a certificate. */
  name(): string;
  /** What the step changes; `kept`: nothing. */
  change: "created" | "updated" | "kept";
  /** True if it exists on AWS, so that the error of a later step names it. */
  isRemote: boolean;
  run(): Promise<void>;
}

/**
 * Creates what is missing of a thing, in an order that the next run can continue from: the key is on the disk before
 * its certificate exists, and the certificate before anything is attached to it.
 * @throws {FotaError} FILE_ACCESS, and translated AWS errors; the hint names what exists on AWS
 */
export async function create(iot: Iot, plan: CreatePlan): Promise<ThingCreation> {
  const { spec } = plan;
  const issued = issuer(iot, plan);
  const done: CreationStep[] = [];
  const remote: string[] = [];
  for (const step of await stepsOf(iot, plan, issued)) {
    try {
      if (step.change !== "kept") await step.run();
      done.push({ what: step.what, name: step.name(), state: step.change });
      if (step.isRemote) remote.push(`${step.what} ${step.name()}`);
    } catch (error) {
      throw withWhatExists(error, spec.thingName, [...remote, ...issued.unwritten()]);
    }
  }
  const certificate = issued.current();
  return {
    ...resultOf(plan, done),
    thingArn: plan.thingArn ?? (await thingArn(iot, spec.thingName)),
    certificateId: certificate.id,
    certificateArn: certificate.arn,
    expiresAt: new Date(new X509Certificate(certificate.pem).validTo).toISOString(),
    dryRun: false,
  };
}

/** Returns what `create` would do, and changes nothing. */
export async function preview(iot: Iot, plan: CreatePlan): Promise<ThingCreation> {
  const steps = (await stepsOf(iot, plan, issuer(iot, plan))).map(
    ({ what, name, change }): CreationStep => ({
      what,
      name: name(),
      state: change === "kept" ? "kept" : "planned",
    }),
  );
  return { ...resultOf(plan, steps), dryRun: true };
}

function resultOf({ spec, files, endpoint, root, ...found }: CreatePlan, steps: CreationStep[]) {
  const { dir, thingName, group, request } = spec;
  const ofKey = request === undefined && { key: join(dir, KEY_FILE), config: join(dir, CONFIG_FILE) };
  return {
    thingName,
    thingArn: found.thingArn ?? null,
    certificateId: files.certificate?.id ?? null,
    certificateArn: found.certificateArn ?? null,
    ...given({ expiresAt: files.certificate?.expiresAt.toISOString(), group }),
    policy: DEVICE_POLICY_NAME,
    endpoint,
    dir,
    files: { cert: join(dir, CERT_FILE), ca: join(dir, root.file), ...ofKey },
    steps,
  };
}

/** Issues the certificate of the thing, or returns the one in the folder. */
interface Issuer {
  issue(): Promise<void>;
  /** Returns its id, or the path of its file if the id is not known yet. */
  name(): string;
  current(): IssuedCertificate;
  /** Returns the certificates that exist on AWS but were not saved to a file. */
  unwritten(): string[];
}

function issuer(iot: Iot, { spec, files, certificateArn }: CreatePlan): Issuer {
  const { dir, thingName } = spec;
  const found = files.certificate;
  let issued = found && certificateArn !== undefined ? { ...found, arn: certificateArn } : undefined;
  let isWritten = true;
  const current = () => {
    if (issued === undefined) throw new Error("no certificate was issued");
    return issued;
  };
  return {
    async issue() {
      const request =
        spec.request ?? requestFor(createPrivateKey((await readIfThere(join(dir, KEY_FILE))) ?? ""));
      const made = await createCertificate(iot, thingName, request);
      issued = { ...made, expiresAt: new Date(new X509Certificate(made.pem).validTo) };
      isWritten = false;
      await makeFolder(dir);
      await writePublic(join(dir, CERT_FILE), made.pem);
      isWritten = true;
    },
    name: () => issued?.id ?? join(dir, CERT_FILE),
    current,
    unwritten: () => (isWritten ? [] : [`certificate ${current().id}, which was not saved to a file`]),
  };
}

async function stepsOf(iot: Iot, plan: CreatePlan, issued: Issuer): Promise<Step[]> {
  const { spec, files, root, changedAttributes } = plan;
  const { thingName, dir, group, request, attributes } = spec;
  const [caPath, configPath, keyPath] = [root.file, CONFIG_FILE, KEY_FILE].map((file) => join(dir, file));
  const caBefore = await readIfThere(caPath ?? "");
  const config = configOf(plan);
  const isThere = plan.thingArn !== undefined;
  const changed = Object.keys(changedAttributes);
  const write = (path: string | undefined, text: string) => async () => {
    await writePublic(path ?? "", text);
  };
  const all: (Step | false)[] = [
    request === undefined && {
      what: "key",
      name: () => keyPath ?? "",
      change: files.key === undefined ? "created" : "kept",
      isRemote: false,
      async run() {
        await makeFolder(dir);
        await writeKey(dir, (await makeKeyWithRequest()).privateKey);
      },
    },
    {
      what: "thing",
      name: () => thingName,
      change: isThere ? "kept" : "created",
      isRemote: true,
      run: () => createThing(iot, thingName, attributes),
    },
    changed.length > 0 && {
      what: "attributes",
      name: () => changed.join(", "),
      change: "updated",
      isRemote: false,
      run: () => setThingAttributes(iot, thingName, changedAttributes),
    },
    group !== undefined && {
      what: "group",
      name: () => group,
      change: plan.isInGroup ? "kept" : "created",
      isRemote: false,
      run: () => addThingToGroup(iot, group, thingName),
    },
    {
      what: "certificate",
      name: () => issued.name(),
      change: files.certificate === undefined ? "created" : "kept",
      isRemote: true,
      run: () => issued.issue(),
    },
    {
      what: "attachment",
      name: () => thingName,
      change: plan.isAttached ? "kept" : "created",
      isRemote: false,
      run: () => attachPrincipal(iot, thingName, issued.current().arn),
    },
    {
      what: "policy",
      name: () => DEVICE_POLICY_NAME,
      change: plan.hasPolicy ? "kept" : "created",
      isRemote: true,
      run: () => allowDevice(iot, issued.current().arn),
    },
    {
      what: "ca",
      name: () => caPath ?? "",
      change: changeOf(caBefore, root.pem),
      isRemote: false,
      run: write(caPath, root.pem),
    },
    request === undefined && {
      what: "config",
      name: () => configPath ?? "",
      change: changeOf(files.config && toText(files.config), toText(config)),
      isRemote: false,
      run: write(configPath, toText(config)),
    },
  ];
  return all.filter((step) => step !== false);
}

function configOf({ spec, files, endpoint, root }: CreatePlan): Record<string, unknown> {
  const { thingName, attributes } = spec;
  const config: AgentConfig = {
    endpoint,
    thingName,
    cert: CERT_FILE,
    key: KEY_FILE,
    ca: root.file,
    ...given({ model: attributes["model"] }),
  };
  const before = files.config?.["download"];
  const download = root.signsDownloads && { download: { ...Object(before), ca: root.file } };
  return { ...files.config, ...config, ...download };
}

function toText(config: object): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

function changeOf(before: string | undefined, after: string): Step["change"] {
  if (before === undefined) return "created";
  return before === after ? "kept" : "updated";
}

/** A run that failed halfway is continued or undone: who reads it needs to know what there is. */
function withWhatExists(error: unknown, thing: string, remote: readonly string[]): unknown {
  if (!isFotaError(error) || remote.length === 0) return error;
  const before = hintOf(error);
  const text = `on AWS there is ${remote.join(", ")}: run the same command again to continue, or <command> to remove it`;
  return new FotaError(error.code, error.message, {
    hint: {
      text: before === undefined ? text : `${hintText(before)}; ${text}`,
      command: ["thing", "delete", thing],
    },
    cause: error,
  });
}
