// Loads a TensorFlow engine, multiplies two matrices, prints its version.
const util = require("node:util");
// Node 23 took these away; tfjs-node 4.22 still calls them.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;

const tf = require(process.argv[2]);
const product = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
if (product !== 11) throw new Error(`expected 11, got ${product}`);
console.log(`TensorFlow ${tf.backend().binding.TF_Version}`);
