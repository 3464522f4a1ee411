export { checkCommandSlots, type RuleResult } from "./check-command-slots.js";
export { FakeCloud, type FakeExecution, type MessageFault } from "./fake-cloud.js";
export { FakeFlash, type FakeFlashOptions } from "./fake-flash.js";
export { type AnswerFault, errorPage, type FakeAnswer, type FakeGet, FakeServer } from "./fake-server.js";
export { documentOf, type FakeBootOptions, type FakeProcess, FakeWorld, imageOf } from "./fakes.js";
export { ManualClock } from "./manual-clock.js";
export { type CutPoint, Power } from "./power.js";
export { type ContractCase, slotContract } from "./slot-contract.js";
export type { SlotsUnderTest } from "./slot-contract-steps.js";
