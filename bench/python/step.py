"""PyTorch's side of `npm run bench -- step`: the same designs and step, eager.

Takes one task as JSON (bench/step/tasks.ts) and prints one answer as JSON.
Weights, batch and optimizer are those of bench/step/child.ts. What is PyTorch's
own is used: fused attention, norms, cross-entropy and AdamW; audio stands where
it belongs in the sequence, so that the causal mask need not be written out;
attention-only computes keys and values for audio and nothing else; frozen
weights ask for no gradient; scores are computed where the loss reads them.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F

import weights as named


def noise(shape, seed, scale):
    return torch.from_numpy(named.noise(shape, seed, scale))


def draw(name, *shape):
    return torch.from_numpy(named.draw(name, *shape))


def init_llama(llama):
    D, W, V = llama["width"], llama["ffnWidth"], llama["vocabularySize"]
    N, K, H = llama["nHeads"], llama["nKvHeads"], llama["headWidth"]

    def block(i):
        name = f"blocks.{i}."
        return [
            torch.ones(D),
            draw(name + "query_DX", D, N * H),
            draw(name + "keyValue_DX", D, 2 * K * H),
            draw(name + "output_XD", N * H, D),
            torch.ones(D),
            draw(name + "gateUp_DX", D, 2 * W),
            draw(name + "down_WD", W, D),
        ]

    blocks = [block(i) for i in range(llama["nLayers"])]
    embedding = draw("embedding_VD", V, D)
    return {"embedding": embedding, "blocks": blocks, "norm": torch.ones(D)}


def init_connector(config, n_outputs):
    C, D = config["connector"]["width"], config["llama"]["width"]
    E = config["encoders"][0]["width"]
    R = cells_in_region(config)

    def cross_attention(i):
        name = f"crossAttentions.{i}."
        reader = name + "rounds.0.readers.0."
        return (
            draw(name + "latent_C", C),
            draw(name + "rounds.0.query_CC", C, C),
            draw(reader + "key_EC", E, C),
            draw(reader + "value_EC", E, C),
            draw(reader + "position_RE", R, E) if R > 1 else None,
        )

    attentions = [cross_attention(i) for i in range(n_outputs)]
    projections = [
        draw(f"projections.{i}.projection_CD", C, D) for i in range(n_outputs)
    ]
    return {"attentions": attentions, "projections": projections}


def cells_in_region(config):
    grid, query = config["encoders"][0]["grid"], config["connector"]["query"]
    return (grid["steps"] // query["steps"]) * (grid["bands"] // query["bands"])


def tensors(tree):
    if isinstance(tree, torch.Tensor):
        return [tree]
    branches = tree.values() if isinstance(tree, dict) else tree
    return [x for branch in branches if branch is not None for x in tensors(branch)]


def sin_cos(query, C):
    """Places on the query grid: C / 2 numbers for time, C / 2 for frequency."""
    i = torch.arange(C // 4, dtype=torch.float64)
    wavelength = 1e4 ** (-i / (C // 4))

    def waves(n):
        angles = torch.outer(torch.arange(n, dtype=torch.float64), wavelength)
        return torch.cat([angles.sin(), angles.cos()], 1)

    steps, bands = query["steps"], query["bands"]
    time_ = waves(steps)[:, None].expand(-1, bands, -1)
    frequency = waves(bands)[None].expand(steps, -1, -1)
    return torch.cat([time_, frequency], 2).reshape(steps * bands, C).float()


def regions_of(features, config):
    """Normalized features, region by region: B, A, R, E."""
    grid, query = config["encoders"][0]["grid"], config["connector"]["query"]
    B, _, E = features.shape
    high = grid["steps"] // query["steps"]
    wide = grid["bands"] // query["bands"]
    x = F.layer_norm(features, (E,))
    x = x.view(B, query["steps"], high, query["bands"], wide, E)
    return x.transpose(2, 3).reshape(B, -1, high * wide, E)


def read(attention, regions, places, config):
    """Latent tokens after each has read its region: B, A, C."""
    latent, query, key, value, position = attention
    N, C = config["connector"]["nHeads"], config["connector"]["width"]
    B, A, R, E = regions.shape
    tokens = latent + places
    q = (F.layer_norm(tokens, (C,)) @ query).view(A, N, C // N)
    x = regions if position is None else regions + position
    if config["connector"]["arithmetic"] == "folded":
        asked = torch.einsum("anh,enh->ane", q * (C // N) ** -0.5, key.view(E, N, -1))
        pattern = torch.einsum("ane,bare->banr", asked, x).softmax(-1)
        mean = torch.einsum("banr,bare->bane", pattern, x)
        z = torch.einsum("bane,enh->banh", mean, value.view(E, N, -1))
    else:

        def heads(y):
            return y.view(B * A, R, N, C // N).transpose(1, 2)

        q = q.expand(B, A, N, C // N).reshape(B * A, N, 1, C // N)
        z = F.scaled_dot_product_attention(q, heads(x @ key), heads(x @ value))
    return tokens + z.reshape(B, A, C)


def rotation(llama, positions):
    H = llama["headWidth"]
    k = torch.arange(H // 2, dtype=torch.float64)
    angles = llama["rope"]["theta"] ** (-2 * k / H)
    table = torch.outer(positions.double(), angles)
    table = torch.cat([table, table], 1)
    return table.cos().float(), table.sin().float()


def rotate(x, cos, sin):
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat([-right, left], -1) * sin


class Places:
    """Positions, rotations and the mask of attention-only."""

    def __init__(self, config, A, T):
        at, llama = config["audioAt"], config["llama"]
        self.at = at
        audio = torch.arange(at, at + A)
        text = torch.cat([torch.arange(at), torch.arange(at + A, A + T)])
        self.everything = rotation(llama, torch.arange(A + T))
        self.text = rotation(llama, text)
        self.guests_and_text = rotation(llama, torch.cat([audio, text]))
        self.mask = torch.cat([audio, text])[None] <= text[:, None]


def block(x, weights, llama, places, guests=None, joined=False):
    attn_norm, query, key_value, out, ffn_norm, gate_up, down = weights
    D, eps = llama["width"], llama["normEpsilon"]
    N, K, H = llama["nHeads"], llama["nKvHeads"], llama["headWidth"]
    B, S, _ = x.shape

    def heads(y, n):
        return y.view(B, -1, n, H).transpose(1, 2)

    normed = F.rms_norm(x, (D,), attn_norm, eps)
    q, asks = normed @ query, places.everything if joined else places.text
    answers, mask = asks, None
    if guests is not None:
        guests = F.rms_norm(guests, (D,), attn_norm, eps)
        normed = torch.cat([guests, normed], 1)
        answers, mask = places.guests_and_text, places.mask
    k, v = (normed @ key_value).split(K * H, -1)
    z = F.scaled_dot_product_attention(
        rotate(heads(q, N), *asks),
        rotate(heads(k, K), *answers),
        heads(v, K),
        attn_mask=mask,
        is_causal=mask is None,
        enable_gqa=True,
    )
    x = x + z.transpose(1, 2).reshape(B, S, N * H) @ out
    gate, up = (F.rms_norm(x, (D,), ffn_norm, eps) @ gate_up).chunk(2, -1)
    return x + (F.silu(gate) * up) @ down


def loss_of(model, batch, task, places):
    config, plans = task["config"], task["plans"]
    llama, connector = model["llama"], model["connector"]
    regions = regions_of(batch["features"], config)
    grid_places = sin_cos(config["connector"]["query"], config["connector"]["width"])
    audio = [
        read(attention, regions, grid_places, config) @ projection
        for attention, projection in zip(
            connector["attentions"], connector["projections"], strict=True
        )
    ]
    x, joined = F.embedding(batch["tokens"], llama["embedding"]), False
    for plan, weights in zip(plans, llama["blocks"], strict=True):
        if "joins" in plan:
            before, after = x[:, : places.at], x[:, places.at :]
            x, joined = torch.cat([before, audio[plan["joins"]], after], 1), True
        guests = audio[plan["fresh"]] if "fresh" in plan else None
        x = block(x, weights, config["llama"], places, guests, joined)
    last = x[:, -1 - task["answer"] : -1].flatten(0, 1)
    eps = config["llama"]["normEpsilon"]
    normed = F.rms_norm(last, (x.shape[-1],), llama["norm"], eps)
    return F.cross_entropy(normed @ llama["embedding"].t(), batch["targets"])


def batch_of(task):
    B, T = task["B"], task["T"]
    [encoder] = task["config"]["encoders"]
    P = encoder["grid"]["steps"] * encoder["grid"]["bands"]
    tokens = torch.tensor([(i * i * 31 + i * 7) % 50 for i in range(B * T)]).view(B, T)
    return {
        "tokens": tokens,
        "targets": tokens[:, -task["answer"] :].flatten(),
        "features": noise((B, P, encoder["width"]), 1000, 1),
    }


def start(task):
    config = task["config"]
    outputs = {plan.get("fresh", plan.get("joins")) for plan in task["plans"]}
    llama = init_llama(config["llama"])
    connector = init_connector(config, len(outputs - {None}))
    model = {"llama": llama, "connector": connector}
    weights = tensors(connector if task["stage"] == 1 else model)
    for weight in weights:
        weight.requires_grad_()
    groups = [
        {"params": [w for w in weights if w.dim() > 1], "weight_decay": 0.01},
        {"params": [w for w in weights if w.dim() < 2], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=1e-3,
        betas=(0.9, 0.98),
        eps=1e-8,
        fused=True,
    )
    return model, weights, adamw


def train(task):
    model, weights, adamw = start(task)
    batch = batch_of(task)
    query = task["config"]["connector"]["query"]
    places = Places(task["config"], query["steps"] * query["bands"], task["T"])
    times, losses = [], []
    for _ in range(task["warmUp"] + task["steps"]):
        began = time.perf_counter()
        adamw.zero_grad()
        loss = loss_of(model, batch, task, places)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adamw.step()
        losses.append(loss.item())
        times.append((time.perf_counter() - began) * 1000)
    return {"times": times[task["warmUp"] :], "losses": losses[:2]}


def main():
    torch.set_num_threads(2)
    # As TensorFlow does: weights that attention leaves near 0 are slow else.
    torch.set_flush_denormal(True)
    answer = train(json.loads(sys.argv[1]))
    threads = torch.get_num_threads()
    description = f"PyTorch {torch.__version__}, CPU, {threads} threads"
    print(json.dumps({"description": description, **answer}))


if __name__ == "__main__":
    main()
