import { nameOf } from "./errors.js";

/**
 * Waits for a deletion; one of something that does not exist counts as done. Returns false if AWS IoT answers with the
 * error `conflict`, as it does while it still finds something attached: detaching takes it some seconds.
 */
export async function isDeleted(deletion: Promise<unknown>, conflict: string): Promise<boolean> {
  try {
    await deletion;
    return true;
  } catch (error) {
    if (nameOf(error) === "ResourceNotFoundException") return true;
    if (nameOf(error) === conflict) return false;
    throw error;
  }
}
