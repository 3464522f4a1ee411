import { expect, test } from "vitest";
import { keysOf, linkSignedBy, nodeVerify, signedBy, testKey } from "../test/signing.js";
import type { JobDocument } from "./job-document.js";
import type { KeySet } from "./key-set.js";
import { followKeyLinks, signatureFault, signersOf } from "./signatures.js";
import { parseJobDocument } from "./signed-document.js";
import { signedStatement } from "./signed-statement.js";

const [ann, bob, eve, ivy] = [testKey(1, "ann"), testKey(2, "bob"), testKey(3, "eve"), testKey(4, "ivy")];

const document: JobDocument = parseJobDocument({
  operation: "fota",
  bc_idx: 1,
  bc_crc: "9e107d9d372bb6826bd81d3542a419d6",
  bc_size: 43,
  bc_url: "https://fw.example/app.bin",
  bc_sha256: "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
  bc_version: "2.0.0",
});

const faultOf = (signed: JobDocument, keys: Record<string, string>, threshold = 1) =>
  signatureFault(signed, { keys, threshold }, nodeVerify);

test("one of the trusted keys is enough for a threshold of 1", async () => {
  expect(await faultOf(signedBy(document, eve, bob), keysOf(ann, bob))).toBeUndefined();
});

test("a document without a signature, and one of an unknown key, are refused with the reason", async () => {
  expect(await faultOf(document, keysOf(ann))).toBe("the job document is not signed");
  expect(await faultOf(signedBy(document, eve), keysOf(ann))).toMatch(/no signature is from .*"eve"/);
  expect(await faultOf(signedBy(document, testKey(3, "ann")), keysOf(ann))).toMatch("no signature is from");
  expect(await faultOf(signedBy(document, testKey(3, "toString")), keysOf(ann))).toMatch("no signature");
});

test("a threshold counts keys, not entries and not ids", async () => {
  const both = keysOf(ann, bob);
  expect(await faultOf(signedBy(document, ann, bob), both, 2)).toBeUndefined();
  expect(await faultOf(signedBy(document, ann, ann), both, 2)).toMatch("1 of 2 keys");
  const twice = { ...both, ann2: ann.publicKey };
  const signed = signedBy(document, ann, testKey(1, "ann2"));
  expect(await signersOf(signedStatement(document), signed.bc_sig ?? [], twice, nodeVerify)).toEqual(["ann"]);
});

test("a document with a fact that cannot be signed is refused, even with a valid signature", async () => {
  const { bc_sig } = signedBy(document, ann);
  for (const bc_model of ["a\ud800", "pompe à eau", " a", "a\u202e"]) {
    const fault = await faultOf({ ...document, bc_model, bc_sig }, keysOf(ann));
    expect(fault).toMatch("must be printable ASCII");
  }
});

const first: KeySet = { version: 1, keys: keysOf(ann), threshold: 1 };
const link = (v: number, ...keys: ReturnType<typeof testKey>[]) => ({
  v,
  t: 1,
  keys: keys.map(({ id, publicKey }): [string, string] => [id, publicKey]),
});

test("key sets follow one another, each signed by the old keys and the new ones", async () => {
  const links = [linkSignedBy(link(2, bob), ann, bob), linkSignedBy({ ...link(3, ivy), seq: 40 }, bob, ivy)];
  expect(await followKeyLinks(first, links, nodeVerify)).toEqual({
    set: { version: 3, keys: keysOf(ivy), threshold: 1 },
    seq: 40,
  });
});

test("links that the device already followed are skipped", async () => {
  const second: KeySet = { version: 2, keys: keysOf(bob), threshold: 1 };
  const links = [linkSignedBy(link(2, eve), eve), linkSignedBy(link(3, ivy), bob, ivy)];
  expect((await followKeyLinks(second, links, nodeVerify)).set.version).toBe(3);
  expect((await followKeyLinks(second, [], nodeVerify)).set).toBe(second);
});

test.each([
  ["signed by the new keys only", [linkSignedBy(link(2, eve), eve)], "0 of 1 keys of the old set"],
  ["signed by the old keys only", [linkSignedBy(link(2, bob), ann)], "0 of 1 keys of the new set"],
  ["that leaves a version out", [linkSignedBy(link(3, bob), ann, bob)], "the links between them are missing"],
  [
    "changed after signing",
    [{ ...linkSignedBy(link(2, bob), ann, bob), t: 2, keys: link(2, bob, eve).keys }],
    "0 of 1 keys of the old set",
  ],
  [
    "whose threshold cannot be met",
    [linkSignedBy({ ...link(2, bob), t: 2 }, ann, bob)],
    "there are only 1 keys",
  ],
  [
    "with one key under two ids",
    [linkSignedBy({ ...link(2, bob, testKey(2, "bob2")), t: 2 }, ann, bob)],
    "are the same key",
  ],
  [
    "with a key of small order",
    [linkSignedBy({ v: 2, t: 1, keys: [["nil", `AQ${"A".repeat(41)}=`]] }, ann)],
    "of small order",
  ],
])("a key set %s is refused", async (_, links, message) => {
  await expect(followKeyLinks(first, links, nodeVerify)).rejects.toThrow(message);
});

test("root keys alone change the set: the keys that sign documents cannot", async () => {
  const rooted: KeySet = {
    version: 1,
    keys: keysOf(ann),
    threshold: 1,
    rootKeys: keysOf(bob, ivy),
    rootThreshold: 2,
  };
  const roots = { rt: 2, roots: link(2, bob, ivy).keys };
  const next = { ...link(2, eve), ...roots };
  await expect(followKeyLinks(rooted, [linkSignedBy(next, ann, eve)], nodeVerify)).rejects.toThrow(
    "0 of 2 root keys of the old set",
  );
  await expect(followKeyLinks(rooted, [linkSignedBy(next, bob)], nodeVerify)).rejects.toThrow(
    "1 of 2 root keys",
  );
  const { set } = await followKeyLinks(rooted, [linkSignedBy(next, bob, ivy)], nodeVerify);
  expect(set.keys).toEqual(keysOf(eve));
});
