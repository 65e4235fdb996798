/** A process of its own that writes features: FOLDER NAMES, or endlessly. */
import { openFeatureCache } from "../../lib/features/cache.ts";
import { featuresNamed, keyOf } from "./support.ts";

const [folder, ...names] = process.argv.slice(2);

function* endless() {
  for (let i = 0; ; i++) yield `${process.pid}-${i}`;
}

async function main(): Promise<void> {
  const cache = await openFeatureCache(folder, {
    precision: "float32",
    engine: "child",
    shardBytes: 10_000_000,
    report: (line) => console.error(line),
  });
  const isEndless = names.length === 0;
  // Large ones, so that a process is likely to be killed within one.
  const length = isEndless ? 1_000_000 : 20_000;
  for (const name of isEndless ? endless() : names) {
    await cache.write(keyOf(name), featuresNamed(name, length));
    process.stdout.write(`${name}\n`); // only now it counts
  }
  await cache.close();
}

void main();
