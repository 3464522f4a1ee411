/**
 * What is used of `mqtt5.Mqtt5Client` of `aws-iot-device-sdk-v2`, by shape: the SDK with its native code is a
 * dependency of the build that wants it, not of the agent. Events as the SDK names them.
 */
export interface AwsMqtt5Client {
  start(): void;
  stop(): void;
  publish(packet: { topicName: string; payload: string; qos: number }): Promise<unknown>;
  subscribe(packet: {
    subscriptions: { topicFilter: string; qos: number }[];
  }): Promise<{ reasonCodes: number[] }>;
  unsubscribe(packet: { topicFilters: string[] }): Promise<unknown>;
  on(event: "messageReceived", listener: (event: AwsMessageReceived) => void): unknown;
  on(event: "connectionSuccess", listener: (event: object) => void): unknown;
  on(event: "connectionFailure", listener: (event: AwsConnectionFailure) => void): unknown;
  on(event: "disconnection", listener: (event: object) => void): unknown;
  on(event: "stopped", listener: (event: object) => void): unknown;
}

interface AwsMessageReceived {
  message: { topicName: string; payload?: unknown };
}

interface AwsConnectionFailure {
  error: unknown;
}
