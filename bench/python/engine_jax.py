"""JAX's side of `npm run bench -- engine`: the same model and step, jitted.

Takes one task as JSON (bench/engine/tasks.ts) and prints one answer as JSON.
Architecture, weights, batch and optimizer are those of bench/engine/child.ts;
the whole step is one `jax.jit`, its state handed over (donated).
"""

import json
import os
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

from weights import draw

BETA1, BETA2, EPSILON, DECAY, LONGEST, RATE = 0.9, 0.98, 1e-8, 0.01, 1.0, 1e-3


def init(llama):
    D, W, V = llama["width"], llama["ffnWidth"], llama["vocabularySize"]

    def block(i):
        name = f"blocks.{i}."
        query = draw(name + "query_DX", D, D)
        key_value = draw(name + "keyValue_DX", D, 2 * D)
        return {
            "attn_norm": np.ones(D, np.float32),
            "qkv": np.concatenate([query, key_value], 1),
            "out": draw(name + "output_XD", D, D),
            "ffn_norm": np.ones(D, np.float32),
            "gate_up": draw(name + "gateUp_DX", D, 2 * W),
            "down": draw(name + "down_WD", W, D),
        }

    return {
        "embedding": draw("embedding_VD", V, D),
        "blocks": [block(i) for i in range(llama["nLayers"])],
        "norm": np.ones(D, np.float32),
    }


def rotation(llama, T):
    H = llama["headWidth"]
    angles = llama["rope"]["theta"] ** (-2 * np.arange(H // 2) / H)
    table = np.outer(np.arange(T), angles)
    table = np.concatenate([table, table], 1)
    return np.cos(table).astype(np.float32), np.sin(table).astype(np.float32)


def rotate(x, cos, sin):
    left, right = jnp.split(x, 2, -1)
    return x * cos + jnp.concatenate([-right, left], -1) * sin


def rms_norm(x, scale, epsilon):
    mean = jnp.mean(jnp.square(x), -1, keepdims=True)
    return x * jax.lax.rsqrt(mean + epsilon) * scale


def loss_of(model, tokens, size, turn):
    llama, B, T = size["llama"], size["B"], size["T"]
    D, N, eps = llama["width"], llama["nHeads"], llama["normEpsilon"]
    H = D // N
    mask = np.where(np.tril(np.ones((T, T), bool)), 0, -1e9).astype(np.float32)

    def heads(x):
        return x.reshape(B, T, N, H).transpose(0, 2, 1, 3)

    x = model["embedding"][tokens]
    for block in model["blocks"]:
        packed = rms_norm(x, block["attn_norm"], eps) @ block["qkv"]
        q, k, v = (heads(part) for part in jnp.split(packed, 3, -1))
        scores = rotate(q, *turn) @ rotate(k, *turn).swapaxes(-1, -2)
        pattern = jax.nn.softmax(scores * H**-0.5 + mask, -1)
        z = (pattern @ v).transpose(0, 2, 1, 3).reshape(B, T, D)
        x = x + z @ block["out"]
        hidden = rms_norm(x, block["ffn_norm"], eps) @ block["gate_up"]
        gate, up = jnp.split(hidden, 2, -1)
        x = x + (jax.nn.silu(gate) * up) @ block["down"]
    logits = rms_norm(x, model["norm"], eps) @ model["embedding"].T
    picked = jnp.take_along_axis(
        jax.nn.log_softmax(logits[:, :-1]), tokens[:, 1:, None], -1
    )
    return -jnp.mean(picked)


def adamw(state, gradients, number):
    leaves = jax.tree.leaves(gradients)
    length = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in leaves))
    shrink = jnp.minimum(1.0, LONGEST / (length + 1e-12))

    def move(x, g, m, v):
        m = BETA1 * m + (1 - BETA1) * g * shrink
        v = BETA2 * v + (1 - BETA2) * jnp.square(g * shrink)
        mean, square = m / (1 - BETA1**number), v / (1 - BETA2**number)
        kept = x * (1 - RATE * DECAY) if x.ndim > 1 else x
        return kept - RATE * mean / (jnp.sqrt(square) + EPSILON), m, v

    moved = jax.tree.map(move, state["params"], gradients, state["m"], state["v"])
    outer = jax.tree.structure(state["params"])
    inner = jax.tree.structure((0, 0, 0))
    params, m, v = jax.tree.transpose(outer, inner, moved)
    return {"params": params, "m": m, "v": v}


def train(size, steps, warm_up):
    params = jax.tree.map(jnp.asarray, init(size["llama"]))
    zeros = lambda: jax.tree.map(jnp.zeros_like, params)  # noqa: E731
    state = {"params": params, "m": zeros(), "v": zeros()}
    turn = rotation(size["llama"], size["T"])

    def step(state, tokens, number):
        loss, gradients = jax.value_and_grad(loss_of)(
            state["params"], tokens, size, turn
        )
        return adamw(state, gradients, number), loss

    run = jax.jit(step, donate_argnums=0)
    count = size["B"] * size["T"]
    ids = [(i * i * 31 + i * 7) % 50 for i in range(count)]
    tokens = jnp.asarray(ids, jnp.int32).reshape(size["B"], size["T"])
    times, losses = [], []
    for i in range(warm_up + steps):
        start = time.perf_counter()
        state, loss = run(state, tokens, jnp.float32(i + 1))
        losses.append(float(loss))
        times.append((time.perf_counter() - start) * 1000)
    return {"times": times[warm_up:], "firstLoss": losses[0]}


def matmul(n, repeats):
    a, b = (jnp.asarray(np.random.rand(n, n), jnp.float32) for _ in range(2))
    product = jax.jit(jnp.matmul)
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        float(product(a, b)[0, 0])
        times.append((time.perf_counter() - start) * 1000)
    return {"times": times[3:]}


def main():
    task = json.loads(sys.argv[1])
    if task["kind"] == "matmul":
        answer = matmul(task["n"], task["repeats"])
    else:
        answer = train(task["size"], task["steps"], task["warmUp"])
    description = f"JAX {jax.__version__}, CPU, {os.cpu_count()} threads"
    print(json.dumps({"description": description, **answer}))


if __name__ == "__main__":
    main()
