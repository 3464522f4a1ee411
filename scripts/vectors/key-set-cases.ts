import type { KeySetLink } from "../../packages/shared/src/index.js";
import { keysOf, linkSignedBy, type TestKey, testKey } from "../../packages/shared/test/signing.js";
import { ann, bob, type Draft, eve, rootA, rootB, signed, V1, V2 } from "./vector.js";

const INVALID = "signature-invalid";
const DATA = "bad fota data";
const carl = testKey(6, "carl");

const toBob = linkSignedBy(link(2, [bob]), ann, bob);
const toCarl = linkSignedBy(link(3, [carl]), bob, carl);
const toBoth = linkSignedBy(link(2, [bob, ann], { t: 2 }), ann, bob);
const roots = { rt: 1, roots: entries(rootB) };
const toRootB = linkSignedBy(link(2, [bob], roots), rootA, rootB);
const toSeq3 = linkSignedBy(link(2, [bob], { seq: 3 }), ann, bob);
const weak: [string, string] = ["weak", Buffer.from([1, ...Buffer.alloc(31)]).toString("base64")];
const withRootA = { rootKeys: keysOf(rootA) };

/** How a device follows signed changes of the trusted keys. */
export const keySetCases: Draft[] = [
  { name: "key set 2", document: after([toBob], bob), keySetVersion: 2 },
  { name: "key set 2, the document signed by the old key", document: after([toBob], ann), cause: INVALID },
  { name: "key set 2 with a threshold of 2", document: after([toBoth], ann, bob), keySetVersion: 2 },
  { name: "key set 2 with a threshold of 2, missed", document: after([toBoth], bob), cause: INVALID },
  { name: "a chain of two links", document: after([toBob, toCarl], carl), keySetVersion: 3 },
  {
    name: "a chain whose first link the device has",
    document: after([toBob, toCarl], carl),
    trust: { version: 2, keys: keysOf(bob) },
    keySetVersion: 3,
  },
  {
    name: "a chain that the device has",
    document: after([toBob, toCarl], carl),
    trust: { version: 3, keys: keysOf(carl) },
  },
  { name: "a link that the device has is not verified", document: after([{ ...toCarl, v: 1 }], ann) },
  {
    name: "keys are sorted by the bytes of their ids",
    document: after([sortedLink()], bob),
    keySetVersion: 2,
  },

  { name: "a gap in the chain", document: after([toCarl], carl), cause: INVALID },
  {
    name: "a gap in the chain, where the old and the new keys signed",
    document: after([linkSignedBy(link(3, [bob]), ann, bob)], bob),
    cause: INVALID,
  },
  { name: "the chain backwards", document: after([toCarl, toBob], carl), cause: INVALID },
  {
    name: "a link not signed by the old set",
    document: after([linkSignedBy(link(2, [bob]), bob)], bob),
    cause: INVALID,
  },
  {
    name: "a link not signed by the new set",
    document: after([linkSignedBy(link(2, [bob]), ann)], bob),
    cause: INVALID,
  },
  {
    name: "a link that an untrusted key signed",
    document: after([linkSignedBy(link(2, [eve]), eve)], eve),
    cause: INVALID,
  },
  {
    name: "a link below the threshold of the old set",
    document: after([toBob], bob),
    trust: { keys: keysOf(ann, carl), threshold: 2 },
    cause: INVALID,
  },
  {
    name: "a link below the threshold of the new set",
    document: after([linkSignedBy(link(2, [ann, bob], { t: 2 }), ann)], ann, bob),
    cause: INVALID,
  },
  ...Object.entries({
    version: { v: 3 },
    threshold: { t: 1 },
    keys: { keys: entries(ann, bob, eve) },
    "id of a key": {
      keys: [["bill", bob.publicKey], ...entries(ann)] satisfies KeySetLink["keys"],
    },
    "root keys": { roots: entries(eve) },
    "root keys and threshold": roots,
    "sequence number": { seq: 9 },
  }).map(([name, change]) => ({
    name: `a link whose ${name} changed after signing`,
    document: after([{ ...toBoth, ...change }], ann, bob),
    cause: INVALID,
  })),

  {
    name: "root keys sign the change",
    document: after([toRootB], bob),
    trust: withRootA,
    keySetVersion: 2,
  },
  {
    name: "the keys of documents cannot sign the change where there are root keys",
    document: after([linkSignedBy(link(2, [bob], roots), ann, rootB)], bob),
    trust: withRootA,
    cause: INVALID,
  },
  {
    name: "the new root keys must sign too",
    document: after([linkSignedBy(link(2, [bob], roots), rootA, bob)], bob),
    trust: withRootA,
    cause: INVALID,
  },
  {
    name: "without new root keys, the new keys sign the change",
    document: after([linkSignedBy(link(2, [bob]), rootA, bob)], bob),
    trust: withRootA,
    keySetVersion: 2,
  },
  {
    name: "root keys without a threshold: 1",
    document: after([linkSignedBy(link(2, [bob], { roots: entries(rootA, rootB) }), ann, rootB)], bob),
    keySetVersion: 2,
  },

  {
    name: "a new sequence number below the floor",
    document: { ...signed({ ...V2, bc_seq: 3 }, [bob]), bc_keys: [toSeq3] },
    device: { seq: 2 ** 40 },
    keySetVersion: 2,
  },
  {
    name: "a document below the new sequence number",
    document: { ...signed({ ...V2, bc_seq: 2 }, [bob]), bc_keys: [toSeq3] },
    cause: "sequence-refused",
  },

  ...Object.entries({
    "a key of small order": { keys: [weak, ...entries(bob)] },
    "a key under two ids": { keys: [...entries(bob), ["bill", bob.publicKey]] },
    "an id twice": { keys: [...entries(bob), ["bob", carl.publicKey]] },
    "a threshold above the count of keys": { t: 2 },
    "a root threshold above the count of root keys": { ...roots, rt: 2 },
    "a root threshold without root keys": { rt: 1 },
    "the same root key under two ids": { roots: [...entries(rootB), ["b", rootB.publicKey]] },
  } satisfies Record<string, Partial<KeySetLink>>).map(([name, change]) => ({
    name: `a link with ${name}`,
    document: after([linkSignedBy(link(2, [bob], change), ann, bob, rootB)], bob),
    cause: INVALID,
  })),
  ...Object.entries({
    "version 0": { v: 0 },
    "a threshold of 0": { t: 0 },
    "no keys": { keys: [] },
    "a key id with a blank": { keys: [["a b", bob.publicKey]] },
    "a key without padding": { keys: [["bob", bob.publicKey.slice(0, -1)]] },
    "a sequence number of 0": { seq: 0 },
    "17 keys": { keys: Array.from({ length: 17 }, (_, index) => [`k${index}`, bob.publicKey]) },
  } satisfies Record<string, Partial<KeySetLink> | { keys: string[][] }>).map(([name, change]) => ({
    name: `a link with ${name}`,
    document: after([linkSignedBy({ ...link(2, [bob]), ...change } as KeySetLink, ann, bob)], ann, bob),
    cause: DATA,
  })),
  ...Object.entries({
    "a key id with a blank": { keys: [["a b", bob.publicKey]] },
    "a key without padding": { roots: [["bob", bob.publicKey.slice(0, -1)]] },
    "a signature without padding": { sig: [{ key: "ann", sig: "A".repeat(86) }] },
    "an empty list of signatures": { sig: [] },
    "no list of signatures": { sig: undefined },
  }).map(([name, change]) => ({
    name: `a link that the device has, with ${name}`,
    document: after([{ ...toBob, v: 1, ...change } as KeySetLink], ann),
    cause: DATA,
  })),
  { name: "no links", document: after([], ann), cause: DATA },
];

function link(v: number, keys: TestKey[], more: Partial<KeySetLink> = {}): Omit<KeySetLink, "sig"> {
  return { v, t: 1, keys: entries(...keys), ...more };
}

/** A link whose ids stand in an order that is neither that of the alphabet nor of the text. */
function sortedLink(): KeySetLink {
  const others = ["b", "B", "_", "a/1", "a-1", "a", "9"].map((id, index) => testKey(10 + index, id));
  return linkSignedBy(link(2, [...others, bob], { roots: entries(...others, bob) }), ann, bob);
}

function entries(...keys: TestKey[]): KeySetLink["keys"] {
  return keys.map(({ id, publicKey }) => [id, publicKey]);
}

/** A document of version 1 with key set links, signed by the keys. */
function after(bc_keys: KeySetLink[], ...signers: TestKey[]): object {
  return { ...signed(V1, signers), bc_keys };
}
