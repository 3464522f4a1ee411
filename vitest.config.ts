import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import EndToEndFirst from "./scripts/end-to-end-first.js";

// Tests import the workspace packages from their TypeScript source; the bundles that end-to-end tests start as
// real processes are built once before the run.
const conditions = ["@fota/source", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/{src,test}/**/*.test.{ts,tsx}", "scripts/**/*.test.ts", "bench/**/*.test.mjs"],
    globalSetup: ["./scripts/build-for-tests.ts"],
    setupFiles: ["./scripts/test-setup.ts"],
    deps: { interopDefault: false }, // CommonJS packages look as they do in Node.js
    pool: "forks",
    isolate: false, // a file takes over the process and the modules of the one before it
    maxWorkers: Math.round(availableParallelism() * 1.5), // tests wait for disks and for processes that they started
    sequence: { sequencer: EndToEndFirst },
    // Ends what hangs; a loaded machine makes real processes and disks slow. A sweep repeats what a test does once. No
    // test has a lower limit of its own.
    testTimeout: process.env["FOTA_SWEEP"] ? 600_000 : 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } }, // by default it gives up after 1 s; see packages/shared/test/eventually.ts
    // One in thousands that fails by chance must not stop a release; the closing line names it, so that it gets fixed.
    retry: process.env["CI"] ? 1 : 0,
    reporters: ["default", "./scripts/closing-line.ts"],
    env: {
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      _: "", // if nohup started the tests, `$_` says so, and fota-boot would ignore SIGHUP
    },
  },
});
