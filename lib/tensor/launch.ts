let depth = 0;
let nRegions = 0;
/** The region that is open now. */
let open: number | undefined;

/**
 * Runs `make`; where it is recorded, XLA compiles each of its matrix products,
 * once for each shape and not once for each product.
 *
 * For products of one row, which are a pass over the weights. TensorFlow's own
 * takes two to three times as long there when it computes by oneDNN. Where XLA
 * compiles the whole graph, and on a GPU, nothing changes.
 */
export function launched<T>(make: () => T): T {
  depth++;
  try {
    return make();
  } finally {
    depth--;
  }
}

/** Runs `make`; where it is recorded, XLA compiles what it does as one. */
export function together<T>(make: () => T): T {
  return within(open ?? nRegions++, make);
}

/**
 * Inside of `together`: what `make` does is left to TensorFlow and comes
 * before. It must not need what is made together.
 */
export function apart<T>(make: () => T): T {
  return within(undefined, make);
}

function within<T>(region: number | undefined, make: () => T): T {
  const before = open;
  open = region;
  try {
    return make();
  } finally {
    open = before;
  }
}

/** Operations that are launched by themselves. */
const products: readonly string[] = ["BatchMatMulV2"];

/** The region that an operation recorded now belongs to, if it does. */
export function regionOf(op: string): number | undefined {
  if (open !== undefined) return open;
  return depth > 0 && products.includes(op) ? nRegions++ : undefined;
}
