import type { Reporter, TestModule } from "vitest/node";

/** Counts of a test in packages/agent/test/qemu. */
interface BootMeta {
  bootLoader?: string;
  boots?: number;
  powerCuts?: number;
}

/** Prints what was skipped and why, what booted, and how often the power was cut: "GRUB 2.06: 181 boots, 88 power cuts" for each boot loader. */
export default class BootCounts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, { boots: number; powerCuts: number }>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        if (test.result().state === "skipped" && test.parent.type === "module") {
          process.stdout.write(`\nskipped: ${test.name}`);
        }
        const { bootLoader, boots = 0, powerCuts = 0 } = test.meta() as BootMeta;
        if (bootLoader === undefined) continue;
        const before = counts.get(bootLoader) ?? { boots: 0, powerCuts: 0 };
        counts.set(bootLoader, { boots: before.boots + boots, powerCuts: before.powerCuts + powerCuts });
      }
    }
    for (const [bootLoader, { boots, powerCuts }] of counts) {
      const booted = boots === 0 ? "" : `${boots} boots, `; // none where the firmware is simulated
      process.stdout.write(`\n${bootLoader}: ${booted}${powerCuts} power cuts`);
    }
    process.stdout.write("\n");
  }
}
