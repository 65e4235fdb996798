"""The designs in PyTorch, for the benches that compare a training step.

Weights are those of bench/engine/weights.ts. What is PyTorch's own is used:
fused attention, norms and cross-entropy; audio stands where it belongs in the
sequence, so that the causal mask need not be written out; attention-only
computes keys and values for audio and nothing else; scores are computed where
the loss reads them.
"""

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


def init_connector(config, plans):
    """A cross-attention for each set of audio tokens, or one for all."""
    connector, D = config["connector"], config["llama"]["width"]
    C = connector["width"]
    n_outputs = len({output_of(plan) for plan in plans} - {None})

    def reader(name, encoder):
        E, R = encoder["width"], cells_in_region(encoder, connector)
        is_placed = connector["cellPositions"] == "learned" and R > 1
        return (
            draw(name + "key_EC", E, C),
            draw(name + "value_EC", E, C),
            draw(name + "position_RE", R, E) if is_placed else None,
        )

    def cross_attention(i):
        name = f"crossAttentions.{i}."
        return (
            draw(name + "latent_C", C),
            draw(name + "rounds.0.query_CC", C, C),
            [
                reader(f"{name}rounds.0.readers.{e}.", encoder)
                for e, encoder in enumerate(config["encoders"])
            ],
        )

    is_shared = config["variant"]["connector"] == "shared"
    attentions = [cross_attention(i) for i in range(1 if is_shared else n_outputs)]
    projections = [
        draw(f"projections.{i}.projection_CD", C, D) for i in range(n_outputs)
    ]
    return {"attentions": attentions, "projections": projections}


def output_of(plan):
    return plan.get("fresh", plan.get("joins"))


def cells_in_region(encoder, connector):
    grid, query = encoder["grid"], connector["query"]
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


def regions_of(features, encoder, connector):
    """Features, normalized if the design says so, region by region: B, A, R, E."""
    grid, query = encoder["grid"], connector["query"]
    B, _, E = features.shape
    high = grid["steps"] // query["steps"]
    wide = grid["bands"] // query["bands"]
    x = F.layer_norm(features, (E,)) if connector["hasNorms"] else features
    x = x.view(B, query["steps"], high, query["bands"], wide, E)
    return x.transpose(2, 3).reshape(B, -1, high * wide, E)


def read(attention, regions, places, connector):
    """Latent tokens after each has read its region of every encoder: B, A, C."""
    latent, query, readers = attention
    tokens = latent[None] if places is None else latent + places
    normed = F.layer_norm(tokens, latent.shape) if connector["hasNorms"] else tokens
    arithmetic = folded if connector["arithmetic"] == "folded" else per_cell
    z = arithmetic(normed @ query, readers, regions, connector)
    return tokens + z


def folded(q, readers, regions, connector):
    """Queries in features' terms, and one value for a mean of features."""
    N, C = connector["nHeads"], connector["width"]
    B, A = regions[0].shape[:2]
    q = q.view(-1, N, C // N) * (C // N) ** -0.5
    cells = [
        x if position is None else x + position
        for x, (_, _, position) in zip(regions, readers, strict=True)
    ]
    scores = []
    for x, (key, _, _) in zip(cells, readers, strict=True):
        asked = torch.einsum("anh,enh->ane", q, key.view(key.shape[0], N, -1))
        asked = asked.expand(A, -1, -1)
        scores.append(torch.einsum("ane,bare->banr", asked, x))
    pattern = torch.cat(scores, 3).softmax(-1)
    patterns = pattern.split([x.shape[2] for x in cells], 3)
    z = 0
    for part, x, (_, value, _) in zip(patterns, cells, readers, strict=True):
        mean = torch.einsum("banr,bare->bane", part, x)
        z = z + torch.einsum(
            "bane,enh->banh", mean, value.view(value.shape[0], N, -1)
        )
    return z.reshape(B, A, C)


def per_cell(q, readers, regions, connector):
    """A key and a value of every cell of every encoder."""
    N, C = connector["nHeads"], connector["width"]
    B, A = regions[0].shape[:2]

    def heads(y):
        return y.view(B * A, -1, N, C // N).transpose(1, 2)

    keys, values = [], []
    for x, (key, value, position) in zip(regions, readers, strict=True):
        cells = x if position is None else x + position
        keys.append((cells @ key).view(B * A, -1, C))
        values.append((cells @ value).view(B * A, -1, C))
    q = q.view(1, -1, N, C // N).expand(B, A, N, C // N)
    z = F.scaled_dot_product_attention(
        q.reshape(B * A, N, 1, C // N),
        heads(torch.cat(keys, 1)),
        heads(torch.cat(values, 1)),
    )
    return z.reshape(B, A, C)


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

    def __init__(self, config, T):
        at, llama, query = config["audioAt"], config["llama"], config["connector"]
        A = query["query"]["steps"] * query["query"]["bands"]
        self.at = at
        audio = torch.arange(at, at + A)
        text = torch.cat([torch.arange(at), torch.arange(at + A, A + T)])
        self.everything = rotation(llama, torch.arange(A + T))
        self.text = rotation(llama, text)
        self.guests_and_text = rotation(llama, torch.cat([audio, text]))
        self.mask = torch.cat([audio, text])[None] <= text[:, None]
        has_places = query["positions"] == "sin-cos"
        self.latent = sin_cos(query["query"], query["width"]) if has_places else None


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


def hear(connector, features, config, places):
    """Audio tokens for each projection; features are of each encoder."""
    sizes = config["connector"]
    regions = [
        regions_of(x, encoder, sizes)
        for x, encoder in zip(features, config["encoders"], strict=True)
    ]
    latents = [
        read(attention, regions, places.latent, sizes)
        for attention in connector["attentions"]
    ]
    return [
        latents[i % len(latents)] @ projection
        for i, projection in enumerate(connector["projections"])
    ]


def loss_of(model, batch, task, places, run_block=block):
    config, plans = task["config"], task["plans"]
    llama = model["llama"]
    audio = hear(model["connector"], batch["features"], config, places)
    x, joined = F.embedding(batch["tokens"], llama["embedding"]), False
    for plan, weights in zip(plans, llama["blocks"], strict=True):
        if "joins" in plan:
            before, after = x[:, : places.at], x[:, places.at :]
            x, joined = torch.cat([before, audio[plan["joins"]], after], 1), True
        guests = audio[plan["fresh"]] if "fresh" in plan else None
        x = run_block(x, weights, config["llama"], places, guests, joined)
    last = x[:, -1 - task["answer"] : -1].flatten(0, 1)
    eps = config["llama"]["normEpsilon"]
    normed = F.rms_norm(last, (x.shape[-1],), llama["norm"], eps)
    return F.cross_entropy(normed @ llama["embedding"].t(), batch["targets"])


def start(task):
    """The model, and of its weights those that train, as AdamW's groups."""
    config = task["config"]
    llama = init_llama(config["llama"])
    connector = init_connector(config, task["plans"])
    model = {"llama": llama, "connector": connector}
    weights = tensors(connector if task["stage"] == 1 else model)
    for weight in weights:
        weight.requires_grad_()
    return model, weights
