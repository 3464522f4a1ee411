import { join } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { externalDataInterceptor, loadSharedConfigFiles } from "@smithy/core/config";
import { readSmallFile } from "../files/small-file.js";
import { decodeText } from "../files/text-file.js";
import type { Host } from "../host.js";
import { readVariable } from "../settings/stray-character.js";
import { decodeName, encodeConfigHeads, encodeCredentialsHeads } from "./section-names.js";

/** Holds the settings of one section of AWS's files; nested ones have a dotted name, such as `iot.endpoint_url`. */
export type Section = Readonly<Record<string, string | undefined>>;

/** Holds the contents of `~/.aws/config` and `~/.aws/credentials`. */
export interface SharedConfig {
  profiles: Readonly<Record<string, Section>>;
  services: Readonly<Record<string, Section>>;
  ssoSessions: Readonly<Record<string, Section>>;
  /** Names the profiles whose key pair is in the credentials file, which wins over a `credential_process`. */
  keysInCredentials: ReadonlySet<string>;
  /** The path of the file, even if it does not exist. */
  configPath: string;
  credentialsPath: string;
}

/**
 * Reads the files as the AWS SDK does; the SDK later takes its own settings from the same texts.
 * @throws {FotaError} CONFIG_INVALID when a file is UTF-16, not text or endless, or when a variable that names one has
 * stray characters
 */
export async function loadSharedConfig({
  env,
  homeDir,
}: Pick<Host, "env" | "homeDir">): Promise<SharedConfig> {
  const configPath = pathIn(env, "AWS_CONFIG_FILE", "config", homeDir);
  const credentialsPath = pathIn(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials", homeDir);
  await Promise.all([
    giveToSdk(configPath, encodeConfigHeads),
    giveToSdk(credentialsPath, encodeCredentialsHeads),
  ]);
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
 * Gives the SDK the text of a file. On its own, the SDK would take a byte order mark for part of the first section's
 * name and drop that section, and would wait forever for a pipe without a writer.
 */
async function giveToSdk(path: string, encodeHeads: (text: string) => string): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await readSmallFile(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause) return; // missing or not readable: the SDK continues without it
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
