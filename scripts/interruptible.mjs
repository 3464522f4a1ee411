// Work that leaves nothing behind when it is interrupted.

const SIGNALS = ["SIGINT", "SIGTERM"];

/**
 * Does `work`, and aborts its AbortSignal on SIGINT and SIGTERM. These end the process only after the work has ended, so it
 * can remove its files. Code that runs without a pause delays them: await `setImmediate` with the AbortSignal after it.
 * @returns what `work` resolves to
 */
export async function interruptible(work) {
  const controller = new AbortController();
  let received;
  const onSignal = (signal) => {
    received ??= signal;
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    if (received !== undefined) process.kill(process.pid, received);
  }
}
