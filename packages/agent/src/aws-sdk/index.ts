export type { AwsMqtt5Client } from "./client.js";
export { type AwsSdkThingOptions, awsSdkThing } from "./thing.js";
