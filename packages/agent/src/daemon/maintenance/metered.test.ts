import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { defaultDevice } from "../../../test/network-manager.js";
import { findDefaultDevice, findDefaultDevice6, isMetered } from "./metered.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-metered-"));
  vi.stubEnv("PATH", `${dir}${delimiter}${process.env["PATH"]}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

/** Puts a tool into PATH in place of nmcli, with what the real one prints (version 1.42). */
function nmcli(script: string): void {
  writeFileSync(join(dir, "nmcli"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, "nmcli"), 0o755);
}

test.runIf(defaultDevice !== undefined).each([
  ["yes", true],
  ["yes (guessed)", true],
  ["no", false],
  ["no (guessed)", false],
])("NetworkManager's answer %j means %j", async (answer, metered) => {
  nmcli(`[ "$1 $2 $3 $4" = "-g GENERAL.METERED device show" ] && [ "$LC_ALL" = C ] && echo "${answer}"`);
  expect(await isMetered(undefined)).toBe(metered);
});

test.runIf(defaultDevice !== undefined).each([
  [
    "echo unknown",
    /^NetworkManager answers "unknown" for \S+: let it manage the device, or set meteredCommand$/,
  ],
  ["exit 8", /^nmcli ended with exit code 8$/],
])("%j tells nothing", async (script, message) => {
  nmcli(script);
  await expect(isMetered(undefined)).rejects.toThrow(message);
});

test("the device of the default route with the lowest metric is asked about", () => {
  const routes = [
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask",
    "wwan0\t00000000\t0101A8C0\t0003\t0\t0\t700\t00000000",
    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000",
    "eth1\t00000000\t0101A8C0\t0002\t0\t0\t50\t00000000",
    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF",
  ];
  expect(findDefaultDevice(routes.join("\n"))).toBe("eth0");
  expect(findDefaultDevice(routes.slice(0, 1).join("\n"))).toBeUndefined();
});

test("the device of an IPv6 default route is found; routes that reject do not count", () => {
  const [any, gateway] = ["0".repeat(32), "fe800000000000000000000000000001"];
  const routes = [
    `fd000000000000000000000000000000 40 ${any} 00 ${any} 00000100 00000001 00000000 00000001     eth0`,
    `${any} 00 ${any} 00 ${gateway} 00000400 00000001 00000000 00000003    wwan0`,
    `${any} 00 ${any} 00 ${gateway} 00000064 00000001 00000000 00000003    wlan0`,
    `${any} 00 ${any} 00 ${any} ffffffff 00000001 00000000 00200200       lo`,
    `${any} 00 ${any} 00 ${any} 00000001 00000001 00000000 00000201       lo`,
  ];
  expect(findDefaultDevice6(`${routes.join("\n")}\n`)).toBe("wlan0");
  expect(findDefaultDevice6(routes[0] ?? "")).toBeUndefined();
  expect(findDefaultDevice6("")).toBeUndefined();
});
