import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { externalDataInterceptor, loadSharedConfigFiles } from "@smithy/core/config";
import { decodeText } from "../files/text-file.js";
import type { Host } from "../host.js";
import { readVariable } from "../settings/stray-character.js";

/** Settings of a section of AWS's files; one below another as `iot.endpoint_url`. */
export type Section = Readonly<Record<string, string | undefined>>;

/** What `~/.aws/config` and `~/.aws/credentials` hold. */
export interface SharedConfig {
  profiles: Readonly<Record<string, Section>>;
  services: Readonly<Record<string, Section>>;
  ssoSessions: Readonly<Record<string, Section>>;
  /** Where they are, whether they exist or not. */
  configPath: string;
  credentialsPath: string;
}

/**
 * Reads the files as the AWS SDK does, which then takes its own settings from the same texts.
 * @throws {FotaError} CONFIG_INVALID when one of them is UTF-16 or no text, or a variable that names one is not clean
 */
export async function loadSharedConfig({
  env,
  homeDir,
}: Pick<Host, "env" | "homeDir">): Promise<SharedConfig> {
  const configPath = pathIn(env, "AWS_CONFIG_FILE", "config", homeDir);
  const credentialsPath = pathIn(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials", homeDir);
  await Promise.all([passOn(configPath), passOn(credentialsPath)]);
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    configFilepath: configPath,
    filepath: credentialsPath,
  });
  const profiles: Record<string, Section> = {};
  const services: Record<string, Section> = {};
  const ssoSessions: Record<string, Section> = {};
  for (const [name, section] of Object.entries(configFile)) {
    const [, kind, rest = ""] = /^(services|sso-session)\.(.+)$/.exec(name) ?? [];
    if (kind === "services") services[rest] = section;
    else if (kind === "sso-session") ssoSessions[rest] = section;
    else profiles[name] = section;
  }
  for (const [name, section] of Object.entries(credentialsFile)) {
    profiles[name] = { ...profiles[name], ...section };
  }
  return { profiles, services, ssoSessions, configPath, credentialsPath };
}

/** The SDK would take a byte order mark for a part of the first section's name, and drop that section. */
async function passOn(path: string): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    return; // the SDK goes on without it
  }
  externalDataInterceptor.interceptFile(path, decodeText(bytes, "CONFIG_INVALID", path));
}

function pathIn(env: Host["env"], variable: string, name: string, homeDir: string): string {
  const home = env["HOME"] || homeDir;
  const path = readVariable(env, variable) ?? join(home, ".aws", name);
  return path.startsWith("~/") ? join(home, path.slice(2)) : path;
}
