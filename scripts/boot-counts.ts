import type { Reporter, TestModule } from "vitest/node";

/** Prints how often boot loaders booted a payload, and how often the power was cut: "240 boots, 96 power cuts". */
export default class BootCounts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let [boots, powerCuts] = [0, 0];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const meta = test.meta() as { boots?: number; powerCuts?: number };
        boots += meta.boots ?? 0;
        powerCuts += meta.powerCuts ?? 0;
      }
    }
    process.stdout.write(`\n${boots} boots, ${powerCuts} power cuts\n`);
  }
}
