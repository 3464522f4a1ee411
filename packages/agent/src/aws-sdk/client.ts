/**
 * The part of `mqtt5.Mqtt5Client` from `aws-iot-device-sdk-v2` that the agent uses. Declared here so that the SDK,
 * which has native code, is a dependency of your build and not of the agent.
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
