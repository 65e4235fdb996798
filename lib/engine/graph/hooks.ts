import * as tf from "@tensorflow/tfjs";
import { regionOf } from "../../tensor/launch.ts";
import { awaitedId } from "./behind.ts";
import type { Binding, NativeBackend, TensorMetadata } from "./binding.ts";
import { openForecast } from "./forecast.ts";
import { isFused } from "./fused.ts";
import type { Graph, GraphValue } from "./graph.ts";

/** Operations that draw anew at each run, so graph and step would differ. */
const DRAWS = /^(Random|Multinomial|TruncatedNormal|Parameterized|Stateful)/;

/**
 * Watches all that passes between tfjs and TensorFlow and writes it down.
 *
 * The backend's binding is replaced by one that forwards each call. What cannot
 * be recorded rightly is refused: captured tensors, values read, variables
 * assigned, chance.
 *
 * @returns the function that ends the watch
 */
export function watch(
  caller: string,
  backend: NativeBackend,
  graph: Graph,
): () => void {
  const { binding } = backend;
  /** Data that the step made from host values. */
  const born = new WeakSet<object>();
  /** Captured tensors by id, described, until an operation uses them. */
  const strangers = new Map<number, string>();
  const unhooked = Object.getPrototypeOf(backend) as NativeBackend;

  const hooks: Partial<NativeBackend> = {
    write(values, shape, dtype) {
      const dataId = unhooked.write.call(backend, values, shape, dtype);
      born.add(dataId);
      return dataId;
    },
    getInputTensorIds: (tensors) =>
      tensors.map((tensor) => {
        const data = backend.tensorMap.get(tensor.dataId);
        if (data.values && !born.has(tensor.dataId)) {
          // Host values of a captured tensor: not a constant of this graph.
          const { dtype, shape, values } = data;
          data.id = binding.createTensor(shape, dtype, values);
          data.values = null;
        }
        const [id] = unhooked.getInputTensorIds.call(backend, [tensor]);
        if (!graph.find(id)) strangers.set(id, describe(tensor));
        return id;
      }),
    readSync(dataId) {
      const { id } = backend.tensorMap.get(dataId);
      if (born.has(dataId) || graph.find(id)?.varies === false) {
        return unhooked.readSync.call(backend, dataId);
      }
      throw readError(caller);
    },
  };
  const restore = [
    override(backend, hooks),
    override(backend, {
      binding: recording(caller, binding, { graph, strangers }),
    }),
    override(Math, { random: () => refuseChance(caller, "Math.random") }),
    override(tf.Variable.prototype, {
      assign(this: tf.Variable) {
        throw assignError(caller, this);
      },
    }),
    withoutIndexCheck(),
  ];
  return () => {
    for (const undo of restore) undo();
  };
}

/**
 * The binding, writing to `graph` what passes.
 *
 * What inputs can change is not computed: its ids, below 0, stand for types
 * and shapes alone, and tfjs frees nothing for them.
 */
function recording(
  caller: string,
  binding: Binding,
  {
    graph,
    strangers,
  }: {
    readonly graph: Graph;
    readonly strangers: ReadonlyMap<number, string>;
  },
): Binding {
  const createTensor: Binding["createTensor"] = (shape, dtype, values) => {
    const id = binding.createTensor(shape, dtype, values);
    graph.addConstant(id, { shape, dtype, values });
    return id;
  };
  const forecast = openForecast(binding);
  let lastId = -1; // tfjs's own for "not there yet"
  const foretold = (
    values: readonly GraphValue[],
    [op, attributes, ids, nOutputs]: Parameters<Binding["executeOp"]>,
  ): TensorMetadata[] => {
    const operands = values.map(({ dtype, name, shape, varies }, i) =>
      varies ? { told: { dtype, shape: [...shape] } } : { name, id: ids[i] },
    );
    const told = forecast(op, attributes, operands, nOutputs);
    return told.map(({ dtype, shape }) => ({
      ...{ id: --lastId, dtype, shape: [...shape] },
    }));
  };
  const deleteTensor: Binding["deleteTensor"] = (id) => {
    if (id >= 0) binding.deleteTensor(id);
  };
  const executeOp: Binding["executeOp"] = (op, attributes, ids, nOutputs) => {
    if (DRAWS.test(op)) refuseChance(caller, op);
    const inputs = ids.map((id) => {
      const value = graph.find(id);
      if (value) return value;
      const name = strangers.get(id) ?? `a tensor (native id ${id})`;
      throw capturedError(caller, name, `in ${op}`);
    });
    const outputs = inputs.some(({ varies }) => varies)
      ? foretold(inputs, [op, attributes, ids, nOutputs])
      : binding.executeOp(op, attributes, ids, nOutputs);
    // A GPU passes over memory fast enough, and XLA needs more files there.
    const onCpu = !binding.isUsingGpuDevice();
    const id = awaitedId();
    const marks = {
      after: id === undefined ? undefined : graph.find(id),
      isFused: onCpu && isFused(),
      region: onCpu ? regionOf(op) : undefined,
    };
    graph.addOp({ op, attributes, ...marks }, inputs, outputs);
    return outputs;
  };
  return forwarding(binding, { createTensor, deleteTensor, executeOp });
}

/** A copy of the native object, whose own properties cannot be written. */
function forwarding(binding: Binding, changes: Partial<Binding>): Binding {
  const copy: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(binding)) {
    const value: unknown = binding[name as keyof Binding];
    copy[name] = typeof value === "function" ? value.bind(binding) : value;
  }
  return Object.assign(copy as unknown as Binding, changes);
}

/** Changes some properties; returns what sets them back. */
function override<T extends object>(target: T, changes: Partial<T>) {
  const before = Object.keys(changes).map(
    (name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const,
  );
  Object.assign(target, changes);
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else delete target[name as keyof T];
    }
  };
}

/**
 * Lets gather run without reading its indices, until the result is called.
 *
 * The kernel of tfjs-node reads them to check their range; TensorFlow on a CPU
 * checks it again.
 */
function withoutIndexCheck(): () => void {
  const kernel = tf.getKernel(tf.GatherV2, "tensorflow");
  const install = (config: tf.KernelConfig) => {
    tf.unregisterKernel(tf.GatherV2, "tensorflow");
    tf.registerKernel(config);
  };
  install({
    ...kernel,
    kernelFunc: (args) => {
      const unread = { readSync: { value: () => [] } };
      const backend = Object.create(args.backend as object, unread);
      return kernel.kernelFunc({ ...args, backend });
    },
  });
  return () => install(kernel);
}

/** A tensor in words: name of a variable or id, type and shape. */
export function describe(tensor: tf.TensorInfo): string {
  const { id, name } = tensor as Partial<tf.Variable>;
  const called = name === undefined ? `tensor ${id ?? "?"}` : `"${name}"`;
  return `${called} (${tensor.dtype} [${tensor.shape}])`;
}

/** The refusal of a tensor that is neither an input nor made in the step. */
export function capturedError(
  caller: string,
  tensor: string,
  where: string,
): Error {
  return new Error(
    `${caller}: expected inputs and tensors made inside the step, ` +
      `got captured ${tensor} ${where}; make it part of the input`,
  );
}

function assignError(caller: string, variable: tf.Variable): Error {
  return new Error(
    `${caller}: expected a step without side effects, got assign() to ` +
      `${describe(variable)}; return the new value`,
  );
}

function readError(caller: string): Error {
  return new Error(
    `${caller}: expected a step that reads no values, got dataSync() or ` +
      "data() on a tensor that is not a constant of the step (the value would " +
      "be frozen in the recording); return the tensor and read it outside",
  );
}

function refuseChance(caller: string, source: string): never {
  throw new Error(
    `${caller}: expected a step without chance, got ${source} (recorded ` +
      "random numbers would repeat at every run); pass random tensors as inputs",
  );
}
