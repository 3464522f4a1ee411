import { join } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { externalDataInterceptor, loadSharedConfigFiles } from "@smithy/core/config";
import { readSmallFile } from "../files/small-file.js";
import { decodeText } from "../files/text-file.js";
import type { Host } from "../host.js";
import { readVariable } from "../settings/stray-character.js";
import { decodeName, encodeConfigHeads, encodeCredentialsHeads } from "./section-names.js";

/** Settings of a section of AWS's files; one below another as `iot.endpoint_url`. */
export type Section = Readonly<Record<string, string | undefined>>;

/** What `~/.aws/config` and `~/.aws/credentials` hold. */
export interface SharedConfig {
  profiles: Readonly<Record<string, Section>>;
  services: Readonly<Record<string, Section>>;
  ssoSessions: Readonly<Record<string, Section>>;
  /** Profiles whose key pair is in the credentials file, which comes before a `credential_process`. */
  keysInCredentials: ReadonlySet<string>;
  /** Where they are, whether they exist or not. */
  configPath: string;
  credentialsPath: string;
}

/**
 * Reads the files as the AWS SDK does, which then takes its own settings from the same texts.
 * @throws {FotaError} CONFIG_INVALID when one of them is UTF-16, no text or without end, or a variable that names one is not clean
 */
export async function loadSharedConfig({
  env,
  homeDir,
}: Pick<Host, "env" | "homeDir">): Promise<SharedConfig> {
  const configPath = pathIn(env, "AWS_CONFIG_FILE", "config", homeDir);
  const credentialsPath = pathIn(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials", homeDir);
  await Promise.all([passOn(configPath, encodeConfigHeads), passOn(credentialsPath, encodeCredentialsHeads)]);
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    configFilepath: configPath,
    filepath: credentialsPath,
  });
  const profiles: Record<string, Section> = {};
  const services: Record<string, Section> = {};
  const ssoSessions: Record<string, Section> = {};
  for (const [name, section] of Object.entries(configFile)) {
    const [, kind, rest = ""] = /^(services|sso-session)\.(.+)$/.exec(name) ?? [];
    if (kind === "services") services[decodeName(rest)] = section;
    else if (kind === "sso-session") ssoSessions[decodeName(rest)] = section;
    else profiles[decodeName(name)] = section;
  }
  const keysInCredentials = new Set<string>();
  for (const [encoded, section] of Object.entries(credentialsFile)) {
    const name = decodeName(encoded);
    profiles[name] = { ...profiles[name], ...section };
    if (section["aws_access_key_id"] !== undefined) keysInCredentials.add(name);
  }
  return { profiles, services, ssoSessions, keysInCredentials, configPath, credentialsPath };
}

/**
 * Gives the SDK the text of a file: it would take a byte order mark for a part of the first section's name and drop that
 * section, and wait without end for a pipe that nobody writes to.
 */
async function passOn(path: string, encodeHeads: (text: string) => string): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await readSmallFile(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause) return; // not there, or not ours to read: the SDK goes on without it
    throw new FotaError("CONFIG_INVALID", `cannot read ${path}: ${messageOf(cause)}`, {
      hint: "check what AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name",
      cause,
    });
  }
  externalDataInterceptor.interceptFile(path, encodeHeads(decodeText(bytes, "CONFIG_INVALID", path)));
}

function pathIn(env: Host["env"], variable: string, name: string, homeDir: string): string {
  const home = env["HOME"] || homeDir;
  const path = readVariable(env, variable) ?? join(home, ".aws", name);
  return path.startsWith("~/") ? join(home, path.slice(2)) : path;
}
