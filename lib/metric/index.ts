/** Numbers from strings and vectors. */
export {
  cosine,
  type LabelSharing,
  labelSharing,
  meanRow,
  type Neighbor,
  neighborsOf,
} from "./neighbors.ts";
