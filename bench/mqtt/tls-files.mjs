// Makes a CA, a server certificate and a client certificate with keys of the kinds that the stand-in uses.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const RSA_KEY = ["-newkey", "rsa:2048"];

/** Returns everything as PEM text: `{ca, serverCert, serverKey, clientCert, clientKey}`. */
export function makeTlsFiles() {
  const folder = mkdtempSync(join(tmpdir(), "fota-bench-"));
  const file = (name) => join(folder, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "pipe" });
  const issue = (name, key) => {
    openssl(
      "req",
      ...key,
      "-nodes",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      file(`${name}.key`),
      "-out",
      file(`${name}.csr`),
    );
    openssl(
      "x509",
      "-req",
      "-in",
      file(`${name}.csr`),
      "-CA",
      file("ca.pem"),
      "-CAkey",
      file("ca.key"),
      "-CAcreateserial",
      "-days",
      "2",
      "-out",
      file(`${name}.pem`),
    );
  };
  try {
    openssl(
      "req",
      "-x509",
      ...EC_KEY,
      "-nodes",
      "-subj",
      "/CN=bench CA",
      "-days",
      "2",
      "-keyout",
      file("ca.key"),
      "-out",
      file("ca.pem"),
    );
    issue("server", EC_KEY);
    issue("client", RSA_KEY);
    const read = (name) => readFileSync(file(name), "utf8");
    return {
      ca: read("ca.pem"),
      serverCert: read("server.pem"),
      serverKey: read("server.key"),
      clientCert: read("client.pem"),
      clientKey: read("client.key"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
