import { AwsError } from "../errors.js";

export interface ByteRange {
  offsetBytes: number;
  lengthBytes: number;
}

/**
 * Parses a `Range` header. Returns `undefined`, which means the whole object, without a header, for an invalid header,
 * and for several ranges.
 *
 * @throws {AwsError} InvalidRange if the range contains no byte of the object
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (header === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const lengthBytes = Math.min(Number(last), sizeBytes);
    if (lengthBytes === 0) throw invalidRange(header, sizeBytes);
    return { offsetBytes: sizeBytes - lengthBytes, lengthBytes };
  }
  const offsetBytes = Number(first);
  const endBytes = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== "" && Number(last) < offsetBytes) return undefined;
  if (offsetBytes >= sizeBytes) throw invalidRange(header, sizeBytes);
  return { offsetBytes, lengthBytes: endBytes - offsetBytes };
}

function invalidRange(header: string, sizeBytes: number): AwsError {
  return new AwsError("InvalidRange", 416, "The requested range is not satisfiable", {
    RangeRequested: header,
    ActualObjectSize: String(sizeBytes),
  });
}
