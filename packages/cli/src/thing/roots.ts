import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { FotaError } from "@fota/shared";

/** Published by Amazon Trust Services. */
const AMAZON_ROOT_CA_1 =
  "8E:CD:E6:88:4F:3D:87:B1:12:5B:A3:1A:C3:FC:B1:3D:70:16:DE:7F:57:CC:90:4F:E1:CB:97:C6:AE:98:19:6E";

/** A root that a device verifies its endpoint with, and the name of its file. */
export interface Root {
  file: string;
  pem: string;
  /** True if it signs the image server as well, and is none of the roots that a device trusts there. */
  signsDownloads: boolean;
}

/** Returns Amazon Root CA 1, which Node ships, by its SHA-256 fingerprint. */
export function amazonRoot(): Root {
  const pem = rootCertificates.find((each) => new X509Certificate(each).fingerprint256 === AMAZON_ROOT_CA_1);
  if (pem === undefined) {
    throw new FotaError("IDENTITY_INVALID", "this build of Node.js does not ship Amazon Root CA 1", {
      hint: "run fota with a Node.js from nodejs.org, whose roots are those of Mozilla",
    });
  }
  return { file: "AmazonRootCA1.pem", pem: `${pem.trim()}\n`, signsDownloads: false };
}
