import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Orders files as vitest does, but those of end-to-end tests before those of unit tests. A fresh clone does not know
 * how long each takes: with a slow one at the end, the other workers would have nothing left to do.
 */
export default class EndToEndFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isUnit = ({ moduleId }: TestSpecification) => moduleId.includes("/src/");
    return [...sorted.filter((file) => !isUnit(file)), ...sorted.filter(isUnit)];
  }
}
