"""PyTorch's side of `npm run bench -- engine`: the same model and step.

Takes one task as JSON (bench/engine/tasks.ts) and prints one answer as JSON.
Architecture, weights, batch and optimizer are those of bench/engine/child.ts;
operations are PyTorch's own fused ones where it has them. Eager, or with model
and loss through `torch.compile`, as the task's mode says.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F

import weights as named


def draw(name, *shape):
    return torch.from_numpy(named.draw(name, *shape))


def init(llama):
    """The embedding, the blocks, the last norm; queries, keys, values packed."""
    D, W, V = llama["width"], llama["ffnWidth"], llama["vocabularySize"]

    def block(i):
        name = f"blocks.{i}."
        query = draw(name + "query_DX", D, D)
        key_value = draw(name + "keyValue_DX", D, 2 * D)
        return [
            torch.ones(D),
            torch.cat([query, key_value], 1),
            draw(name + "output_XD", D, D),
            torch.ones(D),
            draw(name + "gateUp_DX", D, 2 * W),
            draw(name + "down_WD", W, D),
        ]

    blocks = [block(i) for i in range(llama["nLayers"])]
    model = draw("embedding_VD", V, D), blocks, torch.ones(D)
    for weight in weights_of(model):
        weight.requires_grad_()
    return model


def weights_of(model):
    return [model[0], model[2], *(w for block in model[1] for w in block)]


def rotation(llama, T):
    H = llama["headWidth"]
    k = torch.arange(H // 2, dtype=torch.float64)
    angles = llama["rope"]["theta"] ** (-2 * k / H)
    table = torch.outer(torch.arange(T, dtype=torch.float64), angles)
    table = torch.cat([table, table], 1)
    return table.cos().float(), table.sin().float()


def rotate(x, cos, sin):
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat([-right, left], -1) * sin


def loss_of(model, tokens, size, turn):
    embedding, blocks, final_norm = model
    llama, B, T = size["llama"], size["B"], size["T"]
    D, N, eps = llama["width"], llama["nHeads"], llama["normEpsilon"]

    def heads(x):
        return x.view(B, T, N, D // N).transpose(1, 2)

    x = F.embedding(tokens, embedding)
    for attn_norm, qkv, out, ffn_norm, gate_up, down in blocks:
        q, k, v = (F.rms_norm(x, (D,), attn_norm, eps) @ qkv).split(D, -1)
        z = F.scaled_dot_product_attention(
            rotate(heads(q), *turn), rotate(heads(k), *turn), heads(v), is_causal=True
        )
        x = x + z.transpose(1, 2).reshape(B, T, D) @ out
        gate, up = (F.rms_norm(x, (D,), ffn_norm, eps) @ gate_up).chunk(2, -1)
        x = x + (F.silu(gate) * up) @ down
    logits = F.rms_norm(x, (D,), final_norm, eps) @ embedding.t()
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


def train(size, mode, steps, warm_up):
    model = init(size["llama"])
    turn = rotation(size["llama"], size["T"])
    weights = weights_of(model)
    groups = [
        {"params": [w for w in weights if w.dim() > 1], "weight_decay": 0.01},
        {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98), eps=1e-8, fused=True)
    count = size["B"] * size["T"]
    tokens = torch.tensor([(i * i * 31 + i * 7) % 50 for i in range(count)])
    tokens = tokens.view(size["B"], size["T"])
    loss_fn = torch.compile(loss_of) if mode == "torch.compile" else loss_of
    times, losses = [], []
    for _ in range(warm_up + steps):
        start = time.perf_counter()
        adamw.zero_grad()
        loss = loss_fn(model, tokens, size, turn)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adamw.step()
        losses.append(loss.item())
        times.append((time.perf_counter() - start) * 1000)
    return {"times": times[warm_up:], "firstLoss": losses[0]}


def matmul(n, repeats):
    a, b = torch.rand(n, n), torch.rand(n, n)
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        (a @ b)[0, 0].item()
        times.append((time.perf_counter() - start) * 1000)
    return {"times": times[3:]}


def main():
    task = json.loads(sys.argv[1])
    if task["kind"] == "matmul":
        answer = matmul(task["n"], task["repeats"])
    else:
        answer = train(task["size"], task["mode"], task["steps"], task["warmUp"])
    threads = torch.get_num_threads()
    description = f"PyTorch {torch.__version__}, CPU, {threads} threads"
    print(json.dumps({"description": description, **answer}))


if __name__ == "__main__":
    main()
