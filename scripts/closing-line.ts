import type { Reporter, TestCase, TestModule } from "vitest/node";

/**
 * Ends a run with a line that any log reader can count: "12 passed, 0 failed, 1 skipped". Before it, each test that
 * passed only on its second try is named: CI goes on, and somebody has to find out why.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const n = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const flaky: TestCase[] = [];
    for (const module of modules) {
      n.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        n[test.result().state] += 1;
        if (test.diagnostic()?.flaky) flaky.push(test);
      }
    }
    const lines = flaky.map(
      (test) =>
        `failed, then passed: ${test.module.relativeModuleId} > ${test.fullName}\n${reasonOf(test)}\n`,
    );
    process.stdout.write(
      `\n${lines.join("")}${n.passed} passed, ${n.failed} failed, ${n.skipped + n.pending} skipped\n`,
    );
  }
}

/** Returns the first lines of what went wrong on the first try. */
function reasonOf(test: TestCase): string {
  const message = test.result().errors?.[0]?.message ?? "";
  return message
    .split("\n", 5)
    .map((line) => `    ${line}`)
    .join("\n");
}
