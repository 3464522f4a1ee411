import type { IoTClient } from "@aws-sdk/client-iot";
import type { Iot } from "../src/aws/iot.js";

type Answers = Record<string, (input: Record<string, unknown>) => object>;

/** An AWS IoT that answers each command by its name. */
export function iotThat(answers: Answers): { iot: Iot; asked: string[] } {
  const asked: string[] = [];
  const send = async (command: { input: Record<string, unknown> }) => {
    const name = command.constructor.name.replace(/Command$/, "");
    asked.push(name);
    const answer = answers[name];
    if (answer === undefined) throw new Error(`${name} was not expected`);
    return answer(command.input);
  };
  const iot: Iot = {
    client: { send } as unknown as IoTClient,
    identity: async () => {
      throw new Error("not asked for");
    },
    call: (_call, request) => request({ abortSignal: new AbortController().signal }),
    close: () => {},
  };
  return { iot, asked };
}
