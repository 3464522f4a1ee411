import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** A key and its certificate, with which bundles are signed. */
export interface InstallerKey {
  key: string;
  certificate: string;
}

/** Creates a key in `folder`. SWUpdate wants a certificate for e-mail. */
export function makeInstallerKey(folder: string): InstallerKey {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=bundles"];
  const usage = ["-addext", "extendedKeyUsage=emailProtection"];
  execFileSync("openssl", [...request, ...usage, "-keyout", key, "-out", certificate], { stdio: "pipe" });
  return { key, certificate };
}
