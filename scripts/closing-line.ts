import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with a line that any log reader can count: "12 passed, 0 failed, 1 skipped". */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const n = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      n.failed += module.errors().length;
      for (const test of module.children.allTests()) n[test.result().state] += 1;
    }
    process.stdout.write(`\n${n.passed} passed, ${n.failed} failed, ${n.skipped + n.pending} skipped\n`);
  }
}
