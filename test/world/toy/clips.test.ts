import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  clipOptions,
  planClips,
  renderClip,
} from "../../../lib/world/toy/clips.ts";
import { soundOf, sounds } from "../../../lib/world/toy/sounds.ts";
import { allSoundfonts, tim } from "../../soundfonts.ts";

const plans = (count: number, seed = 1) =>
  planClips("test", "TimGM6mb", { count, seed });

describe("the sounds", () => {
  it("have one label and one word each", () => {
    for (const field of ["label", "word"] as const) {
      assert.equal(new Set(sounds.map((sound) => sound[field])).size, 16);
    }
  });

  it("are heard in every SoundFont on every voice", async () => {
    for (const font of allSoundfonts()) {
      for (const { label, voices } of sounds) {
        for (const { instrument, keys } of voices) {
          const [key] = keys;
          const event = {
            label,
            instrument,
            key,
            velocity: 90,
            onset: 0,
            seconds: 1,
            peak: 0.5,
          };
          const channel = { tilt: 0, noise: 0 };
          const { samples } = await renderClip(
            { ...plans(1)[0], events: [event], channel },
            font,
          );
          const energy = samples.reduce((sum, x) => sum + x * x, 0);
          const db = 10 * Math.log10(energy / samples.length);
          assert.ok(db > -45, `${label} in ${font.name}: ${db.toFixed(0)} dB`);
        }
      }
    }
  });

  it("refuse an unknown label and name the known ones", () => {
    assert.throws(
      () => soundOf("Theremin"),
      /unknown label "Theremin"; known: Piano; /,
    );
  });
});

describe("clips", () => {
  it("are the same samples for the same seed", async () => {
    const [one, two] = [plans(3)[2], plans(5)[2]];
    assert.deepEqual(one, two);
    const first = await renderClip(one, tim());
    await renderClip(plans(1, 9)[0], tim());
    const again = await renderClip(two, tim());
    assert.deepEqual(
      Buffer.from(again.samples.buffer),
      Buffer.from(first.samples.buffer),
    );
  });

  it("differ from seed to seed and from SoundFont to SoundFont", () => {
    assert.notDeepEqual(plans(1, 1)[0].events, plans(1, 2)[0].events);
    const other = planClips("test", "FluidR3Mono", { count: 1, seed: 1 });
    assert.notDeepEqual(plans(1)[0].events, other[0].events);
  });

  it("begin with every class equally often", () => {
    const count = new Map<string, number>();
    for (const { events } of plans(160)) {
      const others = events.length === 2 ? 0 : 1;
      const { label } = events[0];
      count.set(label, (count.get(label) ?? 0) + others);
    }
    assert.equal(count.size, 16);
    // A third are pairs, in every class.
    for (const single of count.values()) assert.ok(single >= 2 && single < 10);
  });

  it("hold one sound or two different ones, in order of onset", () => {
    const pairs = plans(300).filter(({ events }) => events.length === 2);
    assert.ok(pairs.length > 70 && pairs.length < 130);
    for (const { events } of pairs) {
      assert.ok(events[0].onset < events[1].onset);
      assert.notEqual(events[0].label, events[1].label);
      assert.ok(events[1].onset < clipOptions.seconds);
    }
  });
});
