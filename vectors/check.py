#!/usr/bin/env python3
"""Checks signed job documents as docs/job-document.md describes them, without any code of fota.

    python3 vectors/check.py vectors/signed-documents.json

reads the test vectors and prints each one on which it disagrees. Exits 1 if there is one. It needs the package
`cryptography` (Debian: python3-cryptography).
"""

import base64
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P = 2**255 - 19
MAX_INTEGER = 2**53 - 1
SEQ_STEP_MAX = 1_048_576
VERSION = r"v?[0-9]+(\.[0-9]+)*(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
MODEL = r"[ -~\u00a0-\U0010ffff]{1,128}"
SIGNED_MODEL = r"[!-~]([ -~]*[!-~])?"
THING = r"[a-zA-Z0-9:_-]{1,128}"
KEY_ID = r"[A-Za-z0-9._:@/-]{1,64}"


class Refused(Exception):
    """The document is refused; the argument is the cause."""


# The form of a document


def require(condition):
    if not condition:
        raise Refused("bad fota data")


def check_text(value, pattern, longest=None):
    require(isinstance(value, str) and re.fullmatch(pattern, value))
    require(longest is None or len(value) <= longest)


def whole(value, lowest):
    """Returns a whole number as int: JSON may write 4096 as 4096.0."""
    require(isinstance(value, (int, float)) and not isinstance(value, bool))
    require(lowest <= value <= MAX_INTEGER and value == int(value))
    return int(value)


def check_list(value, lowest, highest):
    require(isinstance(value, list) and lowest <= len(value) <= highest)


def decode(text, length):
    """Decodes base64 with padding, of which only one spelling is allowed."""
    require(isinstance(text, str))
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Refused("bad fota data")
    require(len(data) == length and base64.b64encode(data).decode() == text)
    return data


def read_image(entry, sha256_needed):
    image = {"slot": whole(entry.get("bc_idx"), 0), "size": whole(entry.get("bc_size"), 1)}
    for name, key, digits in (("md5", "bc_crc", 32), ("sha256", "bc_sha256", 64)):
        if key not in entry and name == "sha256" and not sha256_needed:
            image[name] = None
            continue
        digest = entry.get(key)
        check_text(digest, r"[0-9A-Fa-f]{%d}" % digits)
        image[name] = digest.lower()
    check_text(entry.get("bc_url"), r"(https://|\$\{aws:iot:s3-presigned-url).+")
    return image


def read_signatures(value):
    check_list(value, 1, 8)
    for entry in value:
        require(isinstance(entry, dict) and isinstance(entry.get("key"), str) and 1 <= len(entry["key"]) <= 64)
    return [(entry["key"], decode(entry.get("sig"), 64)) for entry in value]


def read_keys(value):
    check_list(value, 1, 16)
    for entry in value:
        check_list(entry, 2, 2)
        check_text(entry[0], KEY_ID)
        decode(entry[1], 32)
    return [tuple(entry) for entry in value]


def read_link(entry):
    require(isinstance(entry, dict))
    return {
        "version": whole(entry.get("v"), 1),
        "threshold": whole(entry.get("t"), 1),
        "keys": read_keys(entry.get("keys")),
        "root_threshold": whole(entry["rt"], 1) if "rt" in entry else None,
        "roots": read_keys(entry["roots"]) if "roots" in entry else [],
        "seq": whole(entry["seq"], 1) if "seq" in entry else None,
        "signatures": read_signatures(entry.get("sig")),
    }


def read_document(text):
    document = json.loads(text)  # of a key that is there twice, Python takes the last value
    images = [read_image(document, False)]
    if "bc_alt" in document:
        check_list(document["bc_alt"], 1, 8)
        images += [read_image(entry, True) for entry in document["bc_alt"]]
    require(len({image["slot"] for image in images}) == len(images))
    for key in ("bc_version", "bc_min"):
        if key in document:
            check_text(document[key], VERSION, 64)
    if "bc_model" in document:
        check_text(document["bc_model"], MODEL)
    if "bc_for" in document:
        things = document["bc_for"]
        check_list(things, 1, 100)
        for name in things:
            check_text(name, THING)
        require(len(set(things)) == len(things))
    if "bc_down" in document:
        require(document["bc_down"] is True)
    numbers = {key: whole(document[key], 1) for key in ("bc_exp", "bc_seq", "bc_at") if key in document}
    if "bc_keys" in document:
        check_list(document["bc_keys"], 1, 16)
    return {
        "images": images,
        "model": document.get("bc_model"),
        "version": document.get("bc_version"),
        "min": document.get("bc_min"),
        "expires": numbers.get("bc_exp"),
        "seq": numbers.get("bc_seq"),
        "signed": numbers.get("bc_at"),
        "downgrade": "allowed" if "bc_down" in document else None,
        "things": document.get("bc_for", []),
        "links": [read_link(entry) for entry in document.get("bc_keys", [])],
        "signatures": read_signatures(document["bc_sig"]) if "bc_sig" in document else [],
    }


# The signed texts


def statement_of(document):
    """Returns the signed statement, or None if the document has none."""
    model = document["model"]
    if model is not None and not re.fullmatch(SIGNED_MODEL, model):
        return None
    if any(image["sha256"] is None for image in document["images"]):
        return None
    lines = [
        "image {slot} {size} {md5} {sha256}".format(**image)
        for image in sorted(document["images"], key=lambda image: image["slot"])
    ]
    facts = [f"{name} {document[name]}" for name in ("model", "version", "min", "expires") if document[name]]
    newer = [f"{name} {document[name]}" for name in ("seq", "downgrade", "signed") if document[name]]
    newer += [f"for thing {name}" for name in sorted(document["things"])]
    title = "fota order 2" if newer else "fota order 1"
    return "".join(line + "\n" for line in [title, *lines, *facts, *newer])


def id_of(entry):
    return entry[0]


def key_statement_of(link):
    lines = ["fota keys 1", f"version {link['version']}", f"threshold {link['threshold']}"]
    lines += [f"key {key_id} {key}" for key_id, key in sorted(link["keys"], key=id_of)]
    if link["root_threshold"] is not None:
        lines.append(f"root-threshold {link['root_threshold']}")
    lines += [f"root {key_id} {key}" for key_id, key in sorted(link["roots"], key=id_of)]
    if link["seq"] is not None:
        lines.append(f"seq {link['seq']}")
    return "".join(line + "\n" for line in lines)


# Keys and signatures


def is_small_order(y):
    """Tells whether a point with this y has an order that divides 8: doubled three times, it is (0, 1)."""
    d = -121665 * pow(121666, -1, P) % P
    for _ in range(3):
        # From -x^2 + y^2 = 1 + d x^2 y^2 follow x^2, and the y of the doubled point.
        x2 = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
        y = (y * y + x2) * pow(1 - d * x2 * y * y, -1, P) % P
    return y == 1


def check_role(keys, threshold):
    """Refuses keys that a device must not trust."""
    for key_id, key in keys:
        try:
            check_text(key_id, KEY_ID)
            data = decode(key, 32)
        except Refused:
            raise Refused("key-refused")
        y = int.from_bytes(data, "little") & (2**255 - 1)
        if y >= P or is_small_order(y):
            raise Refused("key-refused")
    ids, values = {key_id for key_id, _ in keys}, {key for _, key in keys}
    enough = not keys or 1 <= threshold <= len(keys)
    if len(ids) < len(keys) or len(values) < len(keys) or not enough:
        raise Refused("key-refused")


def check_set(key_set):
    check_role(key_set["keys"], key_set["threshold"])
    if key_set["roots"]:
        check_role(key_set["roots"], key_set["root_threshold"] or 1)
    elif key_set["root_threshold"] is not None:
        raise Refused("key-refused")


def root_role(key_set):
    if key_set["roots"]:
        return key_set["roots"], key_set["root_threshold"] or 1
    return key_set["keys"], key_set["threshold"]


def is_signed(statement, signatures, role):
    keys, threshold = role
    signers = set()
    for key_id, signature in signatures:
        key = dict(keys).get(key_id)
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(signature, statement.encode())
            signers.add(key)
        except InvalidSignature:
            pass
    return len(signers) >= threshold


def follow_links(key_set, links):
    """Returns the newest key set, and the sequence number that it sets, if any."""
    seq = None
    for link in links:
        if link["version"] <= key_set["version"]:
            continue
        try:
            check_set(link)
        except Refused:
            raise Refused("signature-invalid")
        text = key_statement_of(link)
        is_next = link["version"] == key_set["version"] + 1
        if not is_next or not all(
            is_signed(text, link["signatures"], root_role(one)) for one in (key_set, link)
        ):
            raise Refused("signature-invalid")
        key_set, seq = link, link["seq"] or seq
    return key_set, seq


# The order of versions: that of semver, with any count of numbers


def version_key(text):
    core, _, prerelease = text.removeprefix("v").split("+")[0].partition("-")
    numbers = [int(number) for number in core.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    words = [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in prerelease.split(".")]
    return numbers, (1, []) if prerelease == "" else (0, words)


def is_below(version, other):
    return version_key(version) < version_key(other)


# The whole check


def check(vector):
    """Returns the version of the key set that the device has afterwards. Raises Refused."""
    device, trust = vector["device"], vector["trust"]
    key_set = {
        "version": trust["version"],
        "threshold": trust["threshold"],
        "keys": list(trust["keys"].items()),
        "roots": list(trust.get("rootKeys", {}).items()),
        "root_threshold": trust.get("rootThreshold"),
    }
    check_set(key_set)
    document = read_document(vector["document"])
    statement = statement_of(document)
    if statement != vector.get("statement"):
        raise AssertionError(f"the statement is {statement!r}")
    key_statements = [key_statement_of(link) for link in document["links"]]
    if key_statements != vector.get("keyStatements", []):
        raise AssertionError(f"the statements of the key sets are {key_statements!r}")

    key_set, new_seq = follow_links(key_set, document["links"])
    role = (key_set["keys"], key_set["threshold"])
    if statement is None or not is_signed(statement, document["signatures"], role):
        raise Refused("signature-invalid")
    if document["things"] and device.get("thingName") not in document["things"]:
        raise Refused("wrong-thing")
    if document["model"] != device.get("model"):
        raise Refused("wrong-model")
    running = device.get("version")
    if document["min"] is not None and (running is None or is_below(running, document["min"])):
        raise Refused("version-too-low")
    if running is not None and document["downgrade"] is None:
        if document["version"] is None or is_below(document["version"], running):
            raise Refused("downgrade")
    check_sequence(document, statement, key_set, device, new_seq)
    if document["expires"] is not None and device.get("timeSeconds", 0) >= document["expires"]:
        raise Refused("order-expired")
    return key_set["version"]


def check_sequence(document, statement, key_set, device, new_seq):
    floor = device["seq"] if new_seq is None else new_seq
    seq = document["seq"] or 0
    confirmed = device.get("confirmedSha256")
    is_same = any(image["sha256"] == confirmed for image in document["images"])
    if seq < floor or (seq == floor and new_seq is None and confirmed is not None and not is_same):
        raise Refused("sequence-refused")
    if seq - floor > SEQ_STEP_MAX:
        if not key_set["roots"] or not is_signed(statement, document["signatures"], root_role(key_set)):
            raise Refused("sequence-refused")


def verdict_of(vector):
    try:
        version = check(vector)
    except Refused as refused:
        return "refused", refused.args[0], None
    except AssertionError as difference:
        return "differs", str(difference), None
    return "accepted", None, version if version != vector["trust"]["version"] else None


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["cases"]
    differences = 0
    for vector in vectors:
        expected = (vector["verdict"], vector.get("cause"), vector.get("keySetVersion"))
        actual = verdict_of(vector)
        if actual != expected:
            differences += 1
            print(f"{vector['name']}: expected {expected}, got {actual}")
    print(f"{len(vectors)} vectors, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
