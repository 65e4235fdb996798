/** Trains the tiny transformer on the engine named; prints losses as JSON. */
import { compile } from "../../lib/engine/compile.ts";
import { type EngineRequest, useEngine } from "../../lib/engine/engine.ts";
import { train, trainStep } from "./tiny-transformer.ts";

const [name, nSteps] = process.argv.slice(2);
const engine = await useEngine(name as EngineRequest);
const step = compile(trainStep);
const losses = await train(step, Number(nSteps));
step.dispose();
console.log(JSON.stringify({ losses, description: engine.description }));
