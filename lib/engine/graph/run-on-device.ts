import * as tf from "@tensorflow/tfjs";
import { type NativeBackend, typeNumbers } from "./binding.ts";
import { Graph } from "./graph.ts";
import { openSession } from "./session.ts";

const T = { name: "T", type: 4, value: typeNumbers.float32 };

/**
 * Multiplies 3 by 5 on one device and on no other.
 *
 * TensorFlow refuses to place the operation elsewhere, so what returns here has
 * run there.
 *
 * @param device - TensorFlow's name: `/device:GPU:0`
 */
export function runOnDevice(backend: NativeBackend, device: string): void {
  const caller = `useEngine: ${device}`;
  const graph = new Graph();
  graph.addInput(0, typeNumbers.float32, []);
  graph.addInput(1, typeNumbers.float32, []);
  const inputs = [graph.find(0)!, graph.find(1)!];
  const product = { op: "Mul", attributes: [T], device };
  graph.addOp(product, inputs, [
    { id: 2, dtype: typeNumbers.float32, shape: [] },
  ]);
  graph.addOutput(graph.find(2)!);

  const session = openSession(caller, backend, {
    graph,
    xla: false,
    report: () => {},
  });
  try {
    const [value] = tf.tidy(() => {
      const [answer] = session.run([tf.scalar(3), tf.scalar(5)]);
      return Array.from(answer.dataSync());
    });
    if (value !== 15) {
      throw new Error(`${caller}: expected 3 x 5 = 15, got ${value}`);
    }
  } catch (cause) {
    const [line] = (cause as Error).message.split("\n");
    throw new Error(`${caller} does not compute: ${line}`, { cause });
  } finally {
    session.dispose();
  }
}
