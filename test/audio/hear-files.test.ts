import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { readAudio } from "../../lib/audio/decode/read.ts";
import { clapFrontEnd, hear } from "../../lib/audio/front-end.ts";
import {
  failureReport,
  type Heard,
  hearFiles,
} from "../../lib/audio/pool/hear-files.ts";
import { tone } from "./fixture.ts";
import { makeWav } from "./make-wav.ts";

const lib = join(import.meta.dirname, "..", "..", "lib");
const built = join(lib, "dist", "audio", "pool", "hear-files.js");
const folder = join(import.meta.dirname, "..", "fixtures", "audio");

describe("hearFiles", () => {
  let place = "";
  let paths: string[] = [];
  before(async () => {
    place = await mkdtemp(join(tmpdir(), "pal-hear-"));
    await writeFile(
      join(place, "long.wav"),
      makeWav(tone(440, 160_000, 16_000)),
    );
    await writeFile(join(place, "bad.wav"), "no sound");
    paths = [
      join(place, "long.wav"),
      join(place, "bad.wav"),
      join(folder, "tones.flac"),
      join(folder, "tone.mp3"),
      join(place, "missing.ogg"),
      join(folder, "tones.ogg"),
    ];
  });
  after(() => rm(place, { recursive: true }));

  const options = { frontEnds: [clapFrontEnd], nWorkers: 2 };

  async function all(files: AsyncIterable<Heard>): Promise<Heard[]> {
    const heard: Heard[] = [];
    for await (const one of files) heard.push(one);
    return heard;
  }

  it("goes on without the bad files and reports them at the end", async () => {
    const heard = await all(hearFiles(paths, options));
    assert.deepEqual(
      heard.map(({ path }) => path),
      paths,
    );
    assert.deepEqual(
      heard.map(({ error }) => error === undefined),
      [true, false, true, true, false, true],
    );
    const lines = failureReport(heard).split("\n");
    assert.equal(lines.length, 3);
    assert.equal(lines[0], "2 of 6 files could not be heard");
    assert.match(lines[1], /bad\.wav: decodeAudio: expected wav, flac, mp3/);
    assert.match(lines[2], /missing\.ogg: readAudio: .*ENOENT/);
  });

  it("refuses a damaged file, or hears it with a note when told", async () => {
    const bytes = await readFile(join(folder, "tones-vbr.mp3"));
    bytes[bytes.length - 50] ^= 1;
    const path = join(place, "damaged.mp3");
    await writeFile(path, bytes);
    const [{ error }] = await all(hearFiles([path], options));
    assert.match(`${error}`, /another checksum.*acceptDamaged/);
    const told = { ...options, acceptDamaged: true };
    const [{ hearing }] = await all(hearFiles([path], told));
    assert.match(`${hearing?.notes}`, /damaged at byte \d+/);
  });

  it("gives the frames that one thread gives", async () => {
    const [heard] = await all(hearFiles([paths[2]], options));
    const alone = hear(await readAudio(paths[2]), clapFrontEnd);
    assert.deepEqual(heard.hearing?.mels.clap, alone);
  });

  it("yields the same files in the order they are done", async () => {
    const done = hearFiles(paths, { ...options, order: "done" });
    const indices = (await all(done)).map(({ index }) => index);
    assert.deepEqual(indices.toSorted(), [0, 1, 2, 3, 4, 5]);
  });

  it("takes no more paths than two for each thread ahead", async () => {
    let taken = 0;
    function* endless() {
      for (;;) {
        taken++;
        yield paths[2];
      }
    }
    let seen = 0;
    for await (const { error } of hearFiles(endless(), options)) {
      assert.equal(error, undefined);
      seen++;
      assert.ok(taken - seen <= 4, `${taken} taken, ${seen} seen`);
      if (seen === 10) break;
    }
    assert.equal(seen, 10);
  });

  it("stops with the signal's reason", async () => {
    const abort = new AbortController();
    const heard = hearFiles([...paths, ...paths], {
      ...options,
      signal: abort.signal,
    });
    await assert.rejects(async () => {
      for await (const _ of heard) abort.abort(new Error("enough"));
    }, /enough/);
    await assert.rejects(
      all(hearFiles(paths, { ...options, signal: abort.signal })),
      /enough/,
    );
  });

  it("ends a thread that takes too long, and goes on", async () => {
    const slow = await all(
      hearFiles(paths.slice(0, 3), { ...options, patience: 1 }),
    );
    assert.equal(slow.length, 3);
    for (const { error } of slow) {
      assert.match(`${error}`, /expected an answer within 1 ms/);
    }
  });

  for (const [what, end, words] of [
    ["exits", "process.exit(3)", /the thread's end \(3\)/],
    [
      "throws outside its job",
      'setTimeout(() => { throw new Error("late"); }); await new Promise(() => {})',
      /an answer, got late/,
    ],
  ] as const) {
    it(`replaces a thread that ${what}, and goes on`, async () => {
      const once = await mkdtemp(join(place, "once-"));
      const module = pathToFileURL(join(once, "mine.mts")).href;
      const original = JSON.stringify(clapFrontEnd.module);
      await writeFile(
        join(once, "mine.mts"),
        `import { existsSync, writeFileSync } from "node:fs";
        import { clapFrontEnd } from ${original};
        const flag = ${JSON.stringify(join(once, "flag"))};
        if (!existsSync(flag)) { writeFileSync(flag, ""); ${end}; }
        export const mine = { ...clapFrontEnd, name: "mine",
          module: ${JSON.stringify(module)} };`,
      );
      const frontEnds = [{ ...clapFrontEnd, name: "mine", module }];
      const same = Array.from({ length: 4 }, () => paths[2]);
      const asked = { frontEnds, nWorkers: 1 };
      const heard = await all(hearFiles(same, asked));
      assert.match(`${heard[0].error}`, words);
      for (const { hearing } of heard.slice(1)) {
        assert.equal(hearing?.mels.mine?.nFrames, 1001);
      }
    });
  }

  it("works from the built library, whose worker is JavaScript", {
    skip: !existsSync(built) && "the library is not built",
  }, async () => {
    const library: typeof import("../../lib/audio/pool/hear-files.ts") =
      await import(pathToFileURL(built).href);
    const {
      clapFrontEnd: builtFrontEnd,
    }: Pick<typeof import("../../lib/audio/front-end.ts"), "clapFrontEnd"> =
      await import(pathToFileURL(join(built, "../../front-end.js")).href);
    const asked = { ...options, frontEnds: [builtFrontEnd] };
    const [heard] = await all(library.hearFiles([paths[2]], asked));
    assert.equal(heard.hearing?.mels.clap?.nFrames, 1001);
  });

  it("refuses a front-end that its module does not export", async () => {
    const frontEnd = { ...clapFrontEnd, name: "mine" };
    const asked = { ...options, frontEnds: [frontEnd] };
    const [{ error }] = await all(hearFiles([paths[2]], asked));
    assert.match(
      `${error}`,
      /expected .*front-end\.ts to export the front-end "mine", got none/,
    );
  });

  it("refuses no workers", async () => {
    await assert.rejects(
      all(hearFiles(paths, { ...options, nWorkers: 0 })),
      /^RangeError: hearFiles: expected at least one worker, got 0/,
    );
  });
});
