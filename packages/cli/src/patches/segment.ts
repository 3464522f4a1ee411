/**
 * A piece of the new image: `diffBytes` bytes that are similar to those at `oldStart` in the old image, then
 * `literalBytes` bytes that are new. Segments follow each other without gaps.
 */
export interface Segment {
  oldStart: number;
  diffBytes: number;
  literalBytes: number;
}

/** Segments in order, and `undefined` about ten times a second of work, so that the caller can pause. */
export type SegmentSteps = Generator<Segment | undefined, void, undefined>;
