import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  applySettings,
  instructionSet,
  measuredSettings,
  portable,
  processorName,
  tensorflowNumerics,
} from "../../lib/engine/numerics.ts";

const folder = mkdtempSync(join(tmpdir(), "pal-numerics-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "pal_settings.json");
const chosen = { TF_ENABLE_ONEDNN_OPTS: "1" };
const keep = (machine: object) =>
  writeFileSync(file, JSON.stringify({ machine, chosen }));

describe("measured settings", () => {
  const here = {
    processor: processorName(),
    threads: availableParallelism(),
  };

  it("hold for the processor and threads that were measured", () => {
    keep(here);
    assert.deepEqual(measuredSettings(file), chosen);
    keep({ ...here, processor: "another" });
    assert.deepEqual(measuredSettings(file), {});
    keep({ ...here, threads: 97 });
    assert.deepEqual(measuredSettings(file), {});
  });

  it("are none where nothing was measured, and an error where damaged", () => {
    assert.deepEqual(measuredSettings(join(folder, "none.json")), {});
    writeFileSync(file, '{"machine": {');
    assert.throws(() => measuredSettings(file), {
      message: /expected what set-up measured, got a damaged file/,
    });
  });

  it("never replace what the user has set", () => {
    const environment = { TF_ENABLE_ONEDNN_OPTS: "0" };
    applySettings(chosen, environment);
    assert.deepEqual(environment, { TF_ENABLE_ONEDNN_OPTS: "0" });
  });
});

describe("tensorflowNumerics", () => {
  it("tells what the settings come to", () => {
    const { instructions, isPortable, oneDnn, threads } = tensorflowNumerics(
      {},
    );
    assert.deepEqual(
      { instructions, isPortable, oneDnn, threads },
      {
        instructions: instructionSet(),
        isPortable: false,
        oneDnn: "default",
        threads: availableParallelism(),
      },
    );
    const fixed = tensorflowNumerics(portable);
    assert.equal(fixed.isPortable, true);
    assert.equal(fixed.oneDnn, "off");
    assert.equal(fixed.threads, 2);
    assert.equal(fixed.instructions, "AVX2");
    const own = { ...portable, TF_NUM_INTRAOP_THREADS: "4" };
    assert.equal(tensorflowNumerics(own).isPortable, false);
  });
});

describe("instructionSet", () => {
  const of = (flags: string) => {
    const path = join(folder, "cpuinfo");
    writeFileSync(path, `processor\t: 0\nflags\t\t: ${flags}\nbogomips\t: 1\n`);
    return instructionSet(path);
  };

  it("names the widest vectors that the system tells of", () => {
    assert.equal(of("fpu avx avx2 avx512f avx512_vnni"), "AVX-512");
    assert.equal(of("fpu avx avx2"), "AVX2");
    assert.equal(of("fpu sse2"), process.arch);
    assert.equal(instructionSet(join(folder, "none")), process.arch);
  });
});
