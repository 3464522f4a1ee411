import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import { startLocal } from "@fota/local";
import { isLoopbackHost, messageOf } from "@fota/shared";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { given } from "../given.js";
import { checkedUrl } from "../settings/settings.js";
import { saveAddress } from "../stand-in/address-file.js";
import { findRunning } from "../stand-in/find.js";
import { oneLine } from "../terminal/format.js";
import { formatInfo } from "./format.js";
import { type LocalOptions, parseGroups, parseHost, parseKeyPair, parsePorts } from "./options.js";

const DEFAULT_REGION = "us-east-1";

/**
 * Runs the stand-in until the command is interrupted; with `--dir`, the next run continues with its state.
 * @throws {FotaError} USAGE, PORT_IN_USE, LOCAL_DIR_INVALID, LOCAL_DIR_IN_USE
 */
export async function runLocal(
  { host, output, settings }: Context,
  options: LocalOptions,
  isGiven: (option: string) => boolean,
): Promise<ExitCode> {
  const { dir, verifySignatures = false, strict = false } = options;
  const address = parseHost(options);
  const ports = parsePorts(options, isGiven);
  const groups = parseGroups(options.group);
  const credentials = (options.credentials ?? []).map(parseKeyPair);
  const publicS3Url = checkedUrl(options.publicS3Url, "--public-s3-url");
  for (const { endpoint } of await findRunning(host)) {
    output.note(`another \`fota local\` of yours runs at ${endpoint}`);
  }
  if (!isLoopbackHost(address)) {
    output.warn(
      `everybody who reaches ${address} can use this stand-in: keep it in a network you trust` +
        (publicS3Url === undefined && /^(0\.0\.0\.0|::)$/.test(address)
          ? "; set --public-s3-url to the address that devices reach, or they get image URLs of 127.0.0.1"
          : ""),
    );
  }
  const secret = randomBytes(32).toString("hex");
  const local = await output.during("starting", () =>
    startLocal({
      ...ports,
      host: address,
      region: settings.region ?? DEFAULT_REGION,
      credentials,
      verifySignatures,
      strict,
      secret,
      buckets: options.bucket ?? [],
      things: options.thing ?? [],
      groups,
      log: (line) => output.note(oneLine(line)),
      allowHosts: options.allowHost ?? [],
      allowOrigins: options.allowOrigin ?? [],
      ...given({ publicS3Url, dir: dir === undefined ? undefined : resolve(host.cwd, dir) }),
    }),
  );
  let forget: (() => Promise<void>) | undefined;
  try {
    const own = { endpoint: local.endpoint, pid: process.pid, secret };
    forget = await saveAddress(host, own, (text) => output.note(text)).catch((error: unknown) => {
      const why = messageOf(error);
      output.warn(
        `--local of other commands will not find this one (${why}): add --endpoint-url ${local.endpoint}`,
      );
      return undefined;
    });
    output.line({ ...local.info(), dir: local.dir ?? null }, formatInfo(local, options, output.paint));
    if (!host.signal.aborted) await once(host.signal, "abort");
  } finally {
    await forget?.().catch(() => undefined);
    await local.stop();
  }
  output.note("stopped");
  return EXIT.done;
}
