/**
 * Returns the headers of every answer: no page may frame, embed or read it, and no cache may keep it.
 * @param policy what the page itself may load and run; by default nothing
 */
export function securityHeaders(policy = "default-src 'none'"): Record<string, string> {
  return {
    "cache-control": "no-store",
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
}
