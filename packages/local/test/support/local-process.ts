/** A program that runs the stand-in: prints its info, then runs until it is stopped. */
import { startLocal } from "../../src/index.js";

const [dir] = process.argv.slice(2);
const local = await startLocal(dir === undefined ? {} : { dir }).catch(
  (error: { code: string; message: string }) => {
    process.stderr.write(`${error.code} ${error.message}\n`);
    process.exit(1);
  },
);
process.stdout.write(`${JSON.stringify(local.info())}\n`);
