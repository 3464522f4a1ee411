import { expect, test } from "vitest";
import { nearestOf } from "./nearest.js";

test.each([
  ["pump-l", ["pump-1", "pump-12", "valve"], ["pump-1", "pump-12"]],
  ["thermsotat-7", ["thermostat-7", "thermostat-8"], ["thermostat-7", "thermostat-8"]],
  ["Pump-1", ["pump-2", "pump-1"], ["pump-1"]],
  ["a", ["b", "c", "d", "e"], ["b", "c", "d"]],
  ["pump", ["thermostat"], []],
])("near %s, of %j, are %j", (word, candidates, near) => {
  expect(nearestOf(word, candidates)).toEqual(near);
});
