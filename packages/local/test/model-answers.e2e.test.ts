/** Compares the answers of all operations with AWS's API models in boto3 (Debian: `python3-boto3`). */
import { execFile, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { certificatePem, createCertificate } from "../src/certificates/x509.js";
import { startLocal } from "../src/index.js";

const run = promisify(execFile);
/** Debian's package belongs to Debian's Python, which may not be the first one on PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import boto3"]).status === 0,
);
if (python === undefined) console.warn("skipped: boto3 is not installed (Debian: python3-boto3)");

/** By `openssl req -new`: a key on P-256. */
const REQUEST = [
  "-----BEGIN CERTIFICATE REQUEST-----",
  "MIHrMIGSAgEAMDAxCzAJBgNVBAYTAklUMRAwDgYDVQQKDAdFeGFtcGxlMQ8wDQYD",
  "VQQDDAZwdW1wLTcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASi9U5y0cL6MRDx",
  "aY8xHhiDIzeMuFo0xZhq/euYJdUwESZ7eQUiDk2lXwM7FSO5AqxUiw0oSTA5gMhx",
  "7jv5cmVJoAAwCgYIKoZIzj0EAwIDSAAwRQIhAP8zlYwkAUwSmeAsgrs7u7Mn6Qoz",
  "PyVqDpSPaORkKM1AAiAYjt5tTo67+fLNYV+SqNVOiXIV5YNZuGICzY3uV+qiqg==",
  "-----END CERTIFICATE REQUEST-----",
].join("\n");

/** Certificates that the stand-in did not issue, as JSON: two CAs, two that the first one signed, and one more. */
function foreignCertificates(): string {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const validity = { notBeforeMs: Date.now(), notAfterMs: Date.now() + 86_400_000 };
  const make = (subject: string, issuer: string, ca = false) =>
    certificatePem(
      createCertificate({ subject, publicKey, ca, ...validity }, { subject: issuer, publicKey, privateKey }),
    );
  return JSON.stringify({
    cas: [make("ca 1", "ca 1", true), make("ca 2", "ca 2", true)],
    signed: [make("sn1", "ca 1"), make("sn2", "ca 1")],
    alone: make("sn3", "factory"),
  });
}

/** Members that the stand-in never sends because it lacks the feature, by operation. */
const NOT_SUPPORTED: Readonly<Record<string, RegExp>> = {
  ListTagsForResource: /^nextToken$/, // all tags come at once
  ListIndices: /^nextToken$/,
  DescribeThingType: /mqtt5Configuration$/,
  ListThingTypes: /mqtt5Configuration$/,
  DescribeThingGroup: /attributePayload\.merge$/, // in requests only
  GetIndexingConfiguration: /filter\.connectivity$/,
  SearchIndex: /^things\.deviceDefender$/,
  DescribeCertificate: /(previousOwnedBy|transferData\..*)$/, // transfers between accounts
  DescribeCACertificate: /^registrationConfig/, // just-in-time provisioning
  DescribeProvisioningTemplate: /^preProvisioningHook/, // a hook is refused
  DescribeJob: /namespaceId$/,
  CreatePackageVersion: /^errorReason$/, // nothing here fails later
  GetPackageVersion: /^(errorReason|sbom|sbomValidationStatus)$/, // an SBOM is refused
  CreateBucket: /^BucketArn$/, // for directory buckets, like some of the following
  HeadBucket: /^(BucketArn|BucketLocation(Name|Type))$/,
  ListBuckets: /^Buckets\.BucketArn$/,
  PutObject: /^Size$/,
  GetBucketEncryption: /(KMSMasterKeyID|BlockedEncryptionTypes)$/,
  GetBucketPolicy: /^Policy$/, // a bucket never has one
  GetBucketVersioning: /^MFADelete$/,
  GetObjectAttributes: /^ObjectParts\./, // except the number of parts
};

/** The same for every operation of S3. */
const NOT_SUPPORTED_S3 = new RegExp(
  [
    "(^|\\.)(", // the last part of the path
    [
      "DisplayName", // S3 no longer sends it
      "RequestCharged",
      "BucketKeyEnabled|SSECustomerAlgorithm|SSECustomerKeyMD5|SSEKMSEncryptionContext|SSEKMSKeyId",
      "ChecksumMD5|ChecksumSHA512|ChecksumXXHASH\\d+",
      "Expiration|AbortDate|AbortRuleId", // of lifecycles
      "Restore|RestoreStatus|ArchiveStatus|ReplicationStatus|WebsiteRedirectLocation|MissingMeta",
      "ObjectLock\\w+",
    ].join("|"),
    ")$",
  ].join(""),
);

/** Members that depend on events which do not happen in this run; other tests check them. */
const SEEN_ELSEWHERE: Readonly<Record<string, RegExp>> = {
  SearchIndex: /^things\.connectivity\./,
  GetThingConnectivityData: /^(disconnectReason|timestamp)$/,
  DescribeJobTemplate: /^(documentSource|.*numberOfSucceededThings)$/,
  ListJobExecutionsForThing: /startedAt$/,
  GetPendingJobExecutions: /startedAt$/,
  DescribeJob: /(documentSource|completedAt|numberOfSucceededThings|processingTargets|startTime)$/,
  GetObject: /^DeleteMarker$/, // of an error
  HeadObject: /^DeleteMarker$/,
  GetObjectAttributes: /^DeleteMarker$/,
};
const CHECKSUMS_SEEN_ELSEWHERE = /(^|\.)Checksum(CRC32C|CRC64NVME)$/;

test.skipIf(python === undefined)(
  "every supported operation returns all members of AWS's model that are supported, and all others are refused",
  async () => {
    const [local, home] = await Promise.all([startLocal(), mkdtemp(join(tmpdir(), "fota-model-"))]);
    try {
      const script = fileURLToPath(new URL("./model-answers.py", import.meta.url));
      const env = { PATH: process.env["PATH"], HOME: home };
      const { stdout } = await run(`${python}`, [script, local.endpoint, REQUEST, foreignCertificates()], {
        env,
        timeout: 120_000,
      });
      const { absent, untested } = JSON.parse(stdout) as {
        absent: Record<string, Record<string, string[]>>;
        untested: string[];
      };
      const missing = Object.entries(absent).flatMap(([service, operations]) =>
        Object.entries(operations).flatMap(([operation, paths]) =>
          paths
            .filter((path) => NOT_SUPPORTED[operation]?.test(path) !== true)
            .filter((path) => SEEN_ELSEWHERE[operation]?.test(path) !== true)
            .filter((path) => service !== "s3" || !NOT_SUPPORTED_S3.test(path))
            .filter((path) => service !== "s3" || !CHECKSUMS_SEEN_ELSEWHERE.test(path))
            .map((path) => `${operation}: ${path}`),
        ),
      );
      expect(missing).toEqual([]);
      expect(untested).toEqual([]);
    } finally {
      await local.stop();
      await rm(home, { recursive: true, force: true });
    }
  },
);
