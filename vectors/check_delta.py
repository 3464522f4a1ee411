#!/usr/bin/env python3
"""Makes images from patches as docs/delta.md describes them, without any code of fota.

    python3 vectors/check_delta.py vectors/deltas.json

reads the test vectors and prints each one on which it disagrees. Exits 1 if there is one.
"""

import base64
import hashlib
import json
import struct
import sys
import zlib

HEADER = struct.Struct("<4sBBHQQ32s32s")
FRAME_HEADER = struct.Struct("<BI")
STORED, DEFLATED, COPY, DELTA = range(4)


class Refused(Exception):
    """The patch is refused."""


def require(condition):
    if not condition:
        raise Refused


def check_header(patch, image, old):
    """Returns the frame size."""
    require(len(patch) >= HEADER.size)
    magic, version, bits, zero, size, old_size, sha256, old_sha256 = HEADER.unpack_from(patch)
    require(magic == b"FDLT" and version == 1 and 12 <= bits <= 20 and zero == 0)
    require(1 <= size < 2**53 and old_size < 2**53)
    require(old_size > 0 or old_sha256 == bytes(32))
    require(size == image["sizeBytes"] and sha256.hex() == image["sha256"])
    require(old_size == (old["sizeBytes"] if old else 0))
    require(old_sha256.hex() == (old["sha256"] if old else "00" * 32))
    return 1 << bits


def inflate(payload, least, most):
    inflater = zlib.decompressobj(-15)
    try:
        data = inflater.decompress(payload, most + 1)
    except zlib.error:
        raise Refused from None
    require(inflater.eof and least <= len(data) <= most)
    return data


class Operations:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self):
        value = 0
        for index in range(7):
            require(self.at < len(self.data))
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value
        raise Refused


def old_bytes(old, start, length):
    require(0 <= start and start + length <= len(old))
    return old[start : start + length]


def apply_operations(operations, data, old, offset):
    made = bytearray(data)
    done = 0
    old_end = offset
    while done < len(data):
        literal = operations.number()
        different = operations.number()
        require(0 < literal + different <= len(data) - done)
        done += literal
        if different == 0:
            continue
        number = operations.number()
        start = old_end + literal + (number // 2 if number % 2 == 0 else -(number + 1) // 2)
        for byte in old_bytes(old, start, different):
            made[done] = (made[done] + byte) % 256
            done += 1
        old_end = start + different
    require(operations.at == len(operations.data))
    return bytes(made)


def make_frame(kind, payload, length, offset, frame_size, old):
    if kind == STORED:
        return payload
    if kind == DEFLATED:
        return inflate(payload, length, length)
    if kind == COPY:
        return old_bytes(old, int.from_bytes(payload, "little"), length)
    data = inflate(payload, length, length + frame_size // 4)
    split = len(data) - length
    return apply_operations(Operations(data[:split]), data[split:], old, offset)


def check_sizes(kind, size, length, has_old):
    require(kind <= DELTA and (has_old or kind < COPY))
    if kind == STORED:
        require(size == length)
    elif kind == COPY:
        require(size == 8)
    else:
        require(0 < size <= length)


def make_image(patch, image, old_id, old):
    """Returns the new image."""
    frame_size = check_header(patch, image, old_id)
    made = bytearray()
    at = HEADER.size
    while len(made) < image["sizeBytes"]:
        require(len(patch) - at >= FRAME_HEADER.size)
        kind, size = FRAME_HEADER.unpack_from(patch, at)
        at += FRAME_HEADER.size
        length = min(frame_size, image["sizeBytes"] - len(made))
        check_sizes(kind, size, length, old_id is not None)
        require(len(patch) - at >= size)
        made += make_frame(kind, patch[at : at + size], length, len(made), frame_size, old)
        at += size
    require(at == len(patch))
    require(hashlib.sha256(made).hexdigest() == image["sha256"])
    return bytes(made)


def verdict(case, old):
    try:
        make_image(base64.b64decode(case["patch"]), case["image"], case.get("from"), old)
    except Refused:
        return "refused"
    return "made"


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    old = base64.b64decode(vectors["old"])
    differences = 0
    for case in vectors["cases"]:
        found = verdict(case, old)
        if found != case["verdict"]:
            print(f"{case['name']}: {found}, expected {case['verdict']}")
            differences += 1
    print(f"{len(vectors['cases'])} vectors, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
