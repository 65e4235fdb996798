import * as tf from "@tensorflow/tfjs";
import { useEngine } from "../lib/engine/engine.ts";
await useEngine("tensorflow");
const fB = tf.randomUniform([16, 64, 8, 768], -1, 1), pos = tf.randomUniform([8, 768], -1, 1);
for (const mb of [25, 12.5, 6]) {
const x = fB.slice([0,0,0,0],[Math.round(16*mb/25),64,8,768]);
for (let i = 0; i < 6; i++) { const a = process.resourceUsage().minorPageFault; const t = performance.now(); const y = x.add(pos); y.flatten().slice([0],[1]).dataSync(); const ms = performance.now() - t; y.dispose(); console.log(mb, ms.toFixed(2), process.resourceUsage().minorPageFault - a); }
}
