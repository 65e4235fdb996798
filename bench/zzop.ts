import * as tf from "@tensorflow/tfjs";
import { useEngine } from "../lib/engine/engine.ts";
await useEngine("tensorflow");
const r = (s: number[]) => tf.randomUniform(s, -1, 1);
function time(name: string, f: () => tf.Tensor, gf = 0, mb = 0) {
  const ts: number[] = [];
  for (let i = 0; i < 8; i++) { const t = performance.now(); const y = f(); y.dataSync === undefined; const z = y.flatten().slice([0],[1]); z.dataSync(); ts.push(performance.now() - t); y.dispose(); z.dispose(); }
  const m = Math.min(...ts);
  console.log(name.padEnd(50), m.toFixed(2), "ms", gf ? (gf / m * 1e3).toFixed(0) + " GF/s" : "", mb ? (mb / m).toFixed(1) + " GB/s" : "");
}
const B = 16, A = 64, R = 8, E = 768, N = 6, C = 192, H = 32, G = B * A;
const f = r([G, R, E]), p = r([G, N, R]), mean = r([G, N, E]), V = r([N, E, H]), meanT = r([N, G, E]);
const fB = r([B, A, R, E]), pos = r([R, E]), rows = r([A, B * R, E]), asked = r([A, N, E]);
time("f + pos", () => fB.add(pos), 0, 50);
time("transpose features BARE->ABRE", () => fB.transpose([1, 0, 2, 3]), 0, 50);
time("scores: asked.rows^T", () => tf.matMul(asked, rows, false, true), 2*A*N*E*B*R/1e9, 25);
const ds = r([A, N, B * R]);
time("d asked: ds.rows", () => tf.matMul(ds, rows), 2*A*N*E*B*R/1e9, 25);
time("d rows: ds^T.asked", () => tf.matMul(ds, asked, true, false), 2*A*N*E*B*R/1e9, 25);
time("mean: p.f", () => tf.matMul(p, f), 2*G*N*R*E/1e9, 44);
time("mean transpose", () => mean.transpose([1, 0, 2]), 0, 38);
time("z: meanT.V", () => tf.matMul(meanT, V), 2*G*E*C/1e9, 19);
const z = r([N, G, H]);
time("dmeanT: z.V^T", () => tf.matMul(z, V, false, true), 2*G*E*C/1e9, 19);
time("dV: meanT^T.z", () => tf.matMul(meanT, z, true, false), 2*G*E*C/1e9, 19);
time("dp: dmean.f^T", () => tf.matMul(mean, f, false, true), 2*G*N*R*E/1e9, 44);
time("df: p^T.dmean", () => tf.matMul(p, mean, true, false), 2*G*N*R*E/1e9, 44);
const f2 = r([B * A * R, E]), Vc = r([E, C]), k = r([B*A*R, C]);
time("k: f.K", () => tf.matMul(f2 as tf.Tensor2D, Vc as tf.Tensor2D), 2*B*A*R*E*C/1e9, 31);
time("dK: f^T.dk", () => tf.matMul(f2 as tf.Tensor2D, k as tf.Tensor2D, true, false), 2*B*A*R*E*C/1e9, 31);
const kG = r([G,R,N,H]);
time("split heads transposes k", () => kG.transpose([0,2,1,3]), 0, 12.6);
const p1 = r([G,N,1,R]), vG = r([G,N,R,H]);
time("p.v percell", () => tf.matMul(p1, vG), 0, 6);
time("p.v percell as mul-sum", () => p1.reshape([G,N,R,1]).mul(vG).sum(2), 0, 6);
const kW = r([E, C]);
time("headsFirst", () => kW.reshape([E,N,H]).transpose([1,0,2]));
time("fcopy std", () => { const c = fB.sub(fB.mean(-1, true)); return c.mul(c.square().mean(-1, true).add(1e-5).rsqrt()); });
