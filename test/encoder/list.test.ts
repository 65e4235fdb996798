import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  declaredEncoders,
  encoderNamed,
  networkNamed,
  publishedEncoders,
} from "../../lib/encoder/list.ts";
import { furtherDesigns, paperDesigns } from "../../lib/pal/design/designs.ts";

describe("the list of encoders", () => {
  it("has every encoder that a design names", () => {
    for (const { variant } of [...paperDesigns, ...furtherDesigns]) {
      for (const name of variant.encoders) {
        assert.equal(encoderNamed(name).name, name);
      }
    }
  });

  it("names each network, front-end and set of weights once", () => {
    const names = [
      declaredEncoders.map(({ name }) => name),
      declaredEncoders.map(({ frontEnd }) => frontEnd.name),
      publishedEncoders().flatMap(({ name, ...place }) =>
        "repository" in place ? [name, place.repository] : [name],
      ),
    ];
    for (const each of names) assert.equal(new Set(each).size, each.length);
  });

  it("knows the published sizes", () => {
    // 512 x 768 for SSLAM; HTSAT-base has 32 x 2 cells of 1,024, HTSAT-tiny 768
    assert.deepEqual(
      publishedEncoders().map(({ grid, name, width }) =>
        [name, grid.steps, grid.bands, width].join(" "),
      ),
      [
        "sslam 64 8 768",
        "clap-general 32 2 1024",
        "clap-music-speech 32 2 1024",
        "clap-htsat-unfused 32 2 768",
        "clap-music 32 2 1024",
        "aisfx 54 12 512",
        "musicnn 626 1 753",
        "musicnn-msd 626 1 753",
      ],
    );
  });

  it("lays each grid over the bands of its front-end", () => {
    for (const { frontEnd, small, ...network } of declaredEncoders) {
      const grid = network.gridOf(network.configOf(small));
      const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6);
      near(grid.hertz[0][0], frontEnd.hertz[0][0]);
      near(grid.hertz[grid.bands - 1][1], frontEnd.hertz.at(-1)![1]);
      assert.equal(frontEnd.hertz.length, frontEnd.nBands);
    }
  });

  it("finds weights by our name and by the hub's, and lists them else", () => {
    assert.equal(
      encoderNamed("laion/larger_clap_general").name,
      "clap-general",
    );
    assert.match(`${encoderNamed("clap-music").warning}`, /known to be broken/);
    assert.throws(
      () => encoderNamed("slam"),
      /^RangeError: encoderNamed: expected one of sslam, .*, got "slam"/,
    );
    assert.throws(
      () => networkNamed("clap-general"),
      /^RangeError: networkNamed: expected one of sslam, clap.*, got "clap-general"$/,
    );
  });
});
