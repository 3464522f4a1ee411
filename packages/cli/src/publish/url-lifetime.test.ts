import { expect, test } from "vitest";
import { checkOutlived, urlLifetime } from "./url-lifetime.js";

const now = new Date("2026-11-24T08:00:00Z");
const inHours = (hours: number) => new Date(now.getTime() + hours * 3_600_000);

test("credentials that do not end allow what S3 allows", () => {
  expect(urlLifetime(undefined, undefined, now)).toEqual({ expiresInSeconds: 604_800, warnings: [] });
  expect(urlLifetime(3_600, undefined, now)).toEqual({ expiresInSeconds: 3_600, warnings: [] });
});

test("temporary credentials cut a URL whose life nobody named, and that is said", () => {
  const { expiresInSeconds, warnings } = urlLifetime(undefined, inHours(1), now);
  expect(expiresInSeconds).toBe(3_600);
  expect(warnings).toEqual([expect.stringMatching(/at 2026-11-24 09:00 UTC:/)]);
});

test("a life that was asked for and that the credentials do not have is refused", () => {
  expect(() => urlLifetime(7_200, inHours(1), now)).toThrow(
    expect.objectContaining({ code: "EXPIRES_INVALID" }),
  );
  expect(urlLifetime(3_600, inHours(2), now).warnings).toEqual([]);
});

test("temporary credentials without a known expiration are assumed to have one", () => {
  const { expiresInSeconds, warnings } = urlLifetime(undefined, "unknown", now);
  expect(expiresInSeconds).toBe(36 * 3_600);
  expect(warnings).toEqual([expect.stringMatching(/it is unknown when/)]);
  expect(urlLifetime(3_600, "unknown", now)).toMatchObject({ expiresInSeconds: 3_600, warnings });
  expect(() => urlLifetime(604_800, "unknown", now)).toThrow(
    expect.objectContaining({ code: "EXPIRES_INVALID", message: expect.stringMatching(/within 36 h/) }),
  );
});

test("credentials of which nothing is left are refused", () => {
  expect(() => urlLifetime(undefined, inHours(0.01), now)).toThrow(
    "the URL cannot stay valid for 7 days: these credentials end at 2026-11-24 08:00 UTC",
  );
});

test("a rollout must end while the URL works", () => {
  expect(() => checkOutlived({ lastStartSeconds: 3_600, because: [] }, 3_600)).not.toThrow();
  const outlived = { lastStartSeconds: 864_000, because: ["reaching 14401 things takes 14400 min"] };
  expect(() => checkOutlived(outlived, 604_800)).toThrow(
    expect.objectContaining({
      code: "URL_OUTLIVED",
      message:
        "the URL works for 7 days, but the last device may start only after 10 days (reaching 14401 things takes 14400 min)",
      hint: expect.stringContaining("--presign iot"),
    }),
  );
  expect(() => checkOutlived({ lastStartSeconds: undefined, because: [] }, 604_800)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("has no end"),
      hint: expect.stringMatching(/--presign iot.*--end/),
    }),
  );
});
