import { expect, test } from "vitest";
import { CRC32C, CRC64NVME, Crc } from "./crc.js";

// Check values of the CRC catalogue: the check of "123456789".
test.each([
  { polynomial: CRC32C, name: "CRC-32/ISCSI", check: "e3069283" },
  { polynomial: CRC64NVME, name: "CRC-64/NVME", check: "ae8b14860a799888" },
])("$name of the catalogue's text is its check value, however it is cut", ({ polynomial, check }) => {
  const text = Buffer.from("123456789");
  for (let cut = 0; cut <= text.length; cut += 1) {
    const crc = new Crc(polynomial);
    crc.update(text.subarray(0, cut));
    crc.update(text.subarray(cut));
    expect(crc.digest().toString("hex")).toBe(check);
  }
});
