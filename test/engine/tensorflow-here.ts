import { useEngine } from "../../lib/engine/engine.ts";

/**
 * Starts TensorFlow; where it cannot be had, says so and gives the reason for
 * `describe`'s skip.
 */
export async function tensorflowHere(): Promise<{ skip: string | false }> {
  try {
    await useEngine("tensorflow");
    return { skip: false };
  } catch (error) {
    const skip = (error as Error).message;
    console.log(`skipped: ${skip}`);
    return { skip };
  }
}
