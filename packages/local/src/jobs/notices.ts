/** A message that Jobs publishes by itself to `$aws/things/<thingName>/jobs/notify` or `.../notify-next`. */
export interface Notice {
  type: "notify" | "notifyNext";
  thingName: string;
  /** The JSON text as it goes on the wire. */
  payload: string;
}
