export { type ContractCase, type SlotsUnderTest, slotContract } from "./slot-contract.js";
