import * as tf from "@tensorflow/tfjs";

/** A kernel's attribute as the native binding takes it. */
export interface OpAttribute {
  readonly name: string;
  /** One of the binding's `TF_ATTR_...` numbers. */
  readonly type: number;
  readonly value: unknown;
}

/** What the native binding says about a tensor it made. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  /** TensorFlow's own number of the type. */
  readonly dtype: number;
}

/** The native side of tfjs-node, as far as the recorder needs it. */
export interface Binding {
  createTensor(shape: number[], dtype: number, values: HostValues): number;
  deleteTensor(id: number): void;
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    nOutputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(
    id: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[];
  isUsingGpuDevice(): boolean;
  readonly TF_Version: string;
}

/** What the backend keeps of a tensor; `values` until it must be native. */
export interface TensorData {
  id: number;
  values: HostValues | null;
  readonly shape: number[];
  readonly dtype: number;
}

export type HostValues = Float32Array | Int32Array | Uint8Array;

/** tfjs's TensorFlow backend, as far as the recorder needs it. */
export interface NativeBackend {
  binding: Binding;
  readonly tensorMap: {
    get(dataId: object): TensorData;
  };
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  readSync(dataId: object): tf.BackendValues;
  write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object;
}

/** TensorFlow's numbers for the types that may enter or leave a graph. */
export const typeNumbers: Readonly<Record<string, number>> = {
  float32: 1,
  int32: 3,
  bool: 10,
};

/** The TensorFlow backend of this process, or undefined on another engine. */
export function nativeBackend(): NativeBackend | undefined {
  if (tf.getBackend() !== "tensorflow") return undefined;
  return tf.backend() as unknown as NativeBackend;
}
