import assert from "node:assert/strict";
import { it } from "node:test";
import type { NativeBackend } from "../../../lib/engine/graph/binding.ts";
import { Graph } from "../../../lib/engine/graph/graph.ts";
import { openSession } from "../../../lib/engine/graph/session.ts";

/** A TensorFlow in which the graphs of these numbers fail to run. */
function fakeTensorflow(failing: readonly number[]) {
  const alive = new Set<number>();
  const ran: number[] = [];
  let next = 0;
  const binding = {
    loadSavedModel: () => {
      alive.add(next);
      return next++;
    },
    deleteSavedModel: (id: number) => alive.delete(id),
    runSavedModel: (id: number) => {
      ran.push(id);
      if (failing.includes(id)) throw new Error(`cannot run {{node n0}}`);
      return [];
    },
  };
  const backend = { binding, getInputTensorIds: () => [] };
  return { alive, ran, backend: backend as unknown as NativeBackend };
}

function graph(): Graph {
  const made = new Graph();
  made.addOp(
    { op: "NoSuchOp", attributes: [] },
    [],
    [{ id: 0, dtype: 1, shape: [] }],
  );
  return made;
}

it("goes back to the plain graph, and says so, where XLA fails", () => {
  const { alive, backend, ran } = fakeTensorflow([1]);
  const lines: string[] = [];
  const session = openSession("test", backend, {
    graph: graph(),
    xla: "auto",
    report: (line) => lines.push(line),
  });
  for (let run = 0; run < 502; run++) session.run([]);
  assert.deepEqual(ran.slice(499), [0, 1, 0, 0]);
  assert.deepEqual([...alive], [0]);
  assert.equal(session.usesXla(), false);
  assert.deepEqual(lines, [
    "test: runs on without XLA: test: the graph failed, got: " +
      "cannot run {{node n0}} (in NoSuchOp)",
  ]);
});

it("keeps one graph loaded after XLA took over", () => {
  const { alive, backend, ran } = fakeTensorflow([]);
  const session = openSession("test", backend, {
    graph: graph(),
    xla: "auto",
    report: () => assert.fail("nothing to report"),
  });
  for (let run = 0; run < 502; run++) session.run([]);
  assert.deepEqual(ran.slice(499), [0, 1, 1]);
  assert.deepEqual([...alive], [1]);
  assert.equal(session.usesXla(), true);
});

it("throws what fails with XLA and without", () => {
  const { backend } = fakeTensorflow([0]);
  const session = openSession("test", backend, {
    graph: graph(),
    xla: false,
    report: () => {},
  });
  assert.throws(() => session.run([]), /^Error: test: the graph failed, got: /);
});
