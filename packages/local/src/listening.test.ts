import { createServer } from "node:net";
import { expect, test } from "vitest";
import { listen } from "./listening.js";

test.each(["192.0.2.1", "2001:db8::1", "fe80::1"])(
  "%s, which this machine does not have, is refused by name",
  async (host) => {
    await expect(listen(createServer(), host, 0)).rejects.toMatchObject({
      code: "USAGE",
      message: `cannot listen on ${host}: it is not an address of this machine`,
    });
  },
);

test("a port that is in use is refused", async () => {
  const { port, close } = await listen(createServer(), "127.0.0.1", 0);
  await expect(listen(createServer(), "127.0.0.1", port)).rejects.toMatchObject({ code: "PORT_IN_USE" });
  await close();
});
