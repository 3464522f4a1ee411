/** Holds the image size of a job, and how long its successful first attempts took. */
export interface Durations {
  imageBytes: number;
  seconds: number[];
}

export interface Speeds {
  medianBytesPerSecond: number;
  slowBytesPerSecond: number;
  trialSeconds: number;
  /** True if nothing tells the time of the download from that of the trial. */
  isGuess: boolean;
}

/** With fewer attempts, the size of a job says nothing. */
const ATTEMPTS_MIN = 20;
/** Times from AWS IoT are whole seconds, so a smaller spread may be rounding. */
const SPREAD_MIN_SECONDS = 3;
const SIZES_RATIO_MIN = 1.5;
/** Faster than a link of 10 Gbit/s, in place of an infinite speed. */
const BYTES_PER_SECOND_MAX = 1e9;

/**
 * Separates the time of an attempt into the download, which grows with the image and has a log-normal distribution, and
 * the trial, which is equal for all. Two image sizes tell them apart, else the shape of the distribution does: if the
 * download takes D at the median, one device in ten takes D * f, and one in ten D / f. Returns `undefined` without any
 * attempt.
 */
export function estimateSpeeds(durations: readonly Durations[]): Speeds | undefined {
  const jobs = durations
    .filter(({ seconds }) => seconds.length > 0)
    .sort((a, b) => b.seconds.length - a.seconds.length);
  const [most] = jobs;
  if (most === undefined) return undefined;
  const [low, middle, high] = [0.1, 0.5, 0.9].map((part) => quantile(most.seconds, part)) as [
    number,
    number,
    number,
  ];
  const hasSpread = high - low >= SPREAD_MIN_SECONDS;
  const trialSeconds = trialBySize(jobs) ?? (hasSpread ? trialByShape(low, middle, high) : undefined);
  const trial = Math.max(0, trialSeconds ?? middle);
  const speedOf = (seconds: number) =>
    Math.round(Math.min(BYTES_PER_SECOND_MAX, most.imageBytes / Math.max(1e-9, seconds - trial)));
  const medianBytesPerSecond = speedOf(middle);
  return {
    medianBytesPerSecond,
    slowBytesPerSecond: hasSpread ? Math.min(medianBytesPerSecond, speedOf(high)) : medianBytesPerSecond,
    trialSeconds: Math.round(10 * trial) / 10,
    isGuess: trialSeconds === undefined,
  };
}

/** Returns the time of an attempt without the part that grows with the image, from the two jobs with most attempts. */
function trialBySize(jobs: readonly Durations[]): number | undefined {
  const [a, ...others] = jobs.filter(({ seconds }) => seconds.length >= ATTEMPTS_MIN);
  if (a === undefined) return undefined;
  const ratioTo = (b: Durations) =>
    Math.max(a.imageBytes, b.imageBytes) / Math.min(a.imageBytes, b.imageBytes);
  const b = others.find((other) => ratioTo(other) >= SIZES_RATIO_MIN);
  if (b === undefined) return undefined;
  const [timeA, timeB] = [quantile(a.seconds, 0.5), quantile(b.seconds, 0.5)];
  const secondsPerByte = (timeA - timeB) / (a.imageBytes - b.imageBytes);
  return secondsPerByte <= 0 ? undefined : timeA - secondsPerByte * a.imageBytes;
}

function trialByShape(low: number, middle: number, high: number): number | undefined {
  const factor = (high - middle) / Math.max(1e-9, middle - low);
  if (factor <= 1.05) return undefined;
  return middle - (high - middle) / (factor - 1);
}

/** Returns a quantile, interpolated between neighbors. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return below + (above - below) * (at - Math.floor(at));
}
