// The rollouts that `rehearsal-against-devices.mjs` runs on real devices and in the rehearsal.

const QUICK = { linkSpeed: { medianBytesPerSecond: 20_000_000 }, trialSeconds: 0.5 };
const FOREVER = ["--fail", "hang", "--confirm-within", "10h"];

/**
 * Each rollout has parts of the fleet (`count` devices with the options of `fota device`, and what the fleet file says
 * of them; `device: null` means that they are off), the options of the job, and optionally the size of the image in KiB,
 * faults of the stand-in, and how long to watch a rollout that does not end.
 */
export const ROLLOUTS = {
  "steady rate": {
    parts: [{ count: 60, is: QUICK }],
    job: ["--rate", "20/min"],
  },
  "ramp, one in five fails, one retry": {
    parts: [
      { count: 48, is: QUICK },
      { count: 12, device: ["--fail", "self-test"], is: { ...QUICK, trialFailureShare: 1 } },
    ],
    job: ["--ramp", "5/min x2 after 10 succeeded", "--retry", "failed:1"],
  },
  "bad image, abort rule": {
    parts: [
      { count: 40, is: QUICK },
      { count: 40, device: ["--fail", "boot"], is: { ...QUICK, trialFailureShare: 1 } },
    ],
    job: ["--rate", "12/min", "--abort-on", "failed>30% after 10"],
  },
  "devices that hang, time limit and retry": {
    parts: [
      { count: 36, is: QUICK },
      { count: 4, device: FOREVER, is: { ...QUICK, hangShare: 1 } },
    ],
    job: ["--rate", "20/min", "--thing-timeout", "1m", "--abort-on", "timed-out>8% after 10"],
  },
  "slow link, time limit ends the slowest": {
    kib: 1024,
    // The fault limits each transfer, so that all links are equally fast.
    faults: [{ kind: "slowTransfer", bytesPerSecond: 25_000 }],
    parts: [{ count: 30, is: { linkSpeed: { medianBytesPerSecond: 25_000 }, trialSeconds: 0.5 } }],
    job: ["--rate", "10/min", "--thing-timeout", "2m"],
  },
  "slow trials, some fail late, reports time out": {
    parts: [
      { count: 30, is: QUICK },
      {
        count: 10,
        device: ["--fail", "hang", "--confirm-within", "40s"],
        is: { ...QUICK, trialFailureShare: 1, trialSeconds: 40 },
      },
    ],
    job: ["--rate", "15/min", "--retry", "failed:2", "--abort-on", "failed>40% after 30"],
  },
  "time limit shorter than the download, retry": {
    kib: 1024,
    faults: [{ kind: "slowTransfer", bytesPerSecond: 13_000 }],
    parts: [{ count: 20, is: { linkSpeed: { medianBytesPerSecond: 13_000 }, trialSeconds: 0.5 } }],
    job: ["--rate", "10/min", "--thing-timeout", "1m", "--retry", "timed-out:2"],
  },
  "maintenance windows": {
    parts: [
      { count: 35, is: QUICK },
      { count: 5, device: ["--fail", "self-test"], is: { ...QUICK, trialFailureShare: 1 } },
    ],
    job: [
      "--rate",
      "10/min",
      "--continuous",
      "--window",
      "*/2 * * * * 1m",
      "--end",
      "+3d",
      "--retry",
      "failed:1",
    ],
    // Where the job begins within two minutes decides how long it waits for the first window.
    alignSeconds: 120,
  },
  "devices that are off": {
    parts: [
      { count: 24, is: QUICK },
      { count: 6, device: null, is: { ...QUICK, neverOnlineShare: 1 } },
    ],
    job: ["--ramp", "4/min x1.5 after 5 notified", "--thing-timeout", "5m"],
    longestSeconds: 280,
  },
};

/** What `--quick` runs. On a busy machine, the devices are late. */
export const QUICK_ROLLOUTS = {
  "12 devices, two fail": {
    parts: [
      { count: 10, is: QUICK },
      { count: 2, device: ["--fail", "self-test"], is: { ...QUICK, trialFailureShare: 1 } },
    ],
    job: [],
  },
};
