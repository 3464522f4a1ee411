/** When a presigned URL expires by its own parameters, X-Amz-Date and X-Amz-Expires; `undefined` when it has none. */
export function signedUrlEnd(url: string): Date | undefined {
  if (!URL.canParse(url)) return undefined; // AWS IoT's placeholder
  const { searchParams } = new URL(url);
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(searchParams.get("X-Amz-Date") ?? "");
  const seconds = Number(searchParams.get("X-Amz-Expires") ?? Number.NaN);
  if (date === null || !Number.isFinite(seconds)) return undefined;
  const [, year, month, day, hour, minute, second] = date;
  const signed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return new Date(signed + seconds * 1000);
}
