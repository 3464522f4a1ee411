import { expect, test } from "vitest";
import { parseBootManager } from "./uefi-entries.js";

test("reads the output of efibootmgr 18, where the path of the loader follows the label", () => {
  const listing = [
    "BootCurrent: 0001",
    "Timeout: 1 seconds",
    "BootOrder: 0005,0001,000A",
    "Boot0001* fota-0\tHD(2,GPT,0b5c,0x800,0x10000)/File(\\fota-0\\linux.efi)",
    "Boot000A  fota-1\tHD(3,GPT,0b5d,0x800,0x10000)/File(\\fota-1\\linux.efi)",
    "Boot0005* UEFI: PXE IPv4 * net\tPciRoot(0x0)",
    "",
  ].join("\n");
  expect(parseBootManager(listing)).toEqual({
    current: "0001",
    order: ["0005", "0001", "000A"],
    entries: [
      { id: "0001", label: "fota-0", isActive: true },
      { id: "000A", label: "fota-1", isActive: false },
      { id: "0005", label: "UEFI: PXE IPv4 * net", isActive: true },
    ],
  });
});

test("firmware without any entry has an empty order", () => {
  expect(parseBootManager("No BootOrder is set; firmware will attempt recovery\n")).toEqual({
    order: [],
    entries: [],
  });
});
