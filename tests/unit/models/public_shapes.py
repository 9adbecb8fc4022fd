"""Shapes of models that were measured: in public logs, and by this project on Ollama 0.15.6 with few layers."""

from __future__ import annotations

from runbook.models.shape import Shape


def dense(
    architecture: str,
    layers: int,
    embedding: int,
    inner: int,
    vocabulary: int,
    heads: int,
    kv_heads: int,
    size: int = 0,
) -> Shape:
    size = size or embedding // heads
    return Shape(
        architecture, layers, embedding, inner, vocabulary, 131072, (heads,) * layers, (kv_heads,) * layers, size, size,
        windowed=(False,) * layers,
    )  # fmt: skip


def mixed(shape: Shape, experts: int, used: int, width: int) -> Shape:
    return Shape(**{**shape.__dict__, "experts": experts, "experts_used": used, "expert_feed_forward": width})


LLAMA3 = dense("llama", 32, 4096, 14336, 128256, 32, 8)
MISTRAL = dense("llama", 32, 4096, 14336, 32000, 32, 8)
QWEN3_30B = mixed(dense("qwen3moe", 48, 2048, 6144, 151936, 32, 4, 128), 128, 8, 768)
GEMMA_2B = dense("gemma", 18, 2048, 16384, 256000, 8, 1, 256)

SHAPES = {
    "3": GEMMA_2B,
    "5": dense("llama", 26, 3200, 8640, 32000, 32, 32),
    "7": MISTRAL,
    "9": MISTRAL,
    "11": dense("starcoder2", 30, 3072, 12288, 49152, 24, 2),
    "13": dense("llama", 32, 4096, 11008, 32000, 32, 32),
    "15": LLAMA3,
    "17": LLAMA3,
    "19": dense("llama", 28, 3072, 8192, 128256, 24, 8, 128),
    "21": LLAMA3,
    "23": dense("qwen3", 28, 2048, 6144, 151936, 16, 8, 128),
    "27": QWEN3_30B,
    "35": QWEN3_30B,
    "39": dense("qwen3", 36, 2560, 9728, 151936, 32, 8, 128),
    "41": LLAMA3,
    "43": QWEN3_30B,
    "57": dense("llama", 40, 5120, 14336, 131072, 32, 8, 128),
    "61": dense("gptneox", 24, 2048, 8192, 50304, 16, 16),
    "63": GEMMA_2B,
}


def windowed(shape: Shape, window: int, *layers: bool) -> Shape:
    return Shape(**{**shape.__dict__, "window": window, "windowed": layers})


LFM2 = dense("lfm2", 6, 2048, 8192, 65536, 32, 8, 64)
DEEPSEEK = Shape(
    **mixed(dense("deepseek2", 3, 2048, 10944, 102400, 16, 16, 192), 16, 6, 1408).__dict__
    | {"value_length": 128, "latent_rank": 512, "rope_dimensions": 64, "experts_shared": 2, "dense_layers": 1}
)
FIVE_OF_SIX = (True,) * 5 + (False,)
MEASURED = {
    "qwen3-17": dense("qwen3", 4, 2048, 6144, 151936, 16, 8, 128),
    "qwen3-06": dense("qwen3", 4, 1024, 3072, 151936, 16, 8, 128),
    "gemma3-1b": windowed(dense("gemma3", 12, 1152, 6912, 262144, 4, 1, 256), 512, *FIVE_OF_SIX, *FIVE_OF_SIX),
    "qwen25-3b": dense("qwen2", 4, 2048, 11008, 151936, 16, 2),
    "mistral": dense("llama", 2, 4096, 14336, 32768, 32, 8),
    "gemma2": windowed(dense("gemma2", 4, 3584, 14336, 256000, 16, 8, 256), 4096, True, False, True, False),
    "phi2": dense("phi2", 4, 2048, 8192, 51200, 32, 32),
    "phi3": dense("phi3", 4, 3072, 8192, 200064, 24, 8),
    "gemma": dense("gemma", 3, 2048, 16384, 256000, 8, 1, 256),
    "granite": dense("granite", 3, 2048, 8192, 49155, 32, 8),
    "starcoder2": dense("starcoder2", 3, 3072, 12288, 49152, 24, 2),
    "qwen3moe": mixed(dense("qwen3moe", 3, 2048, 6144, 151936, 32, 4, 128), 32, 8, 768),
    "gptoss": mixed(
        windowed(dense("gptoss", 4, 2880, 2880, 201088, 64, 8, 64), 128, True, False, True, False), 32, 4, 2880
    ),
    "lfm2": Shape(**{**LFM2.__dict__, "kv_heads": (0, 0, 8, 0, 0, 8), "convolution_width": 3}),
    "olmo2": dense("olmo2", 3, 2048, 8192, 100352, 16, 16),
    "commandr": dense("command-r", 3, 2048, 5632, 256000, 16, 8),
    "llamarope": dense("llama", 3, 2048, 8192, 128256, 32, 8),
    "mixtral": mixed(dense("llama", 3, 2048, 4096, 32000, 32, 8), 8, 2, 4096),
    "granitemoe": mixed(dense("granitemoe", 3, 1536, 512, 49155, 24, 8), 40, 8, 512),
    "bert": dense("bert", 6, 384, 1536, 30522, 12, 12),
    "nomic": dense("nomic-bert", 6, 768, 3072, 30522, 12, 12),
    "ds3": DEEPSEEK,
}
TRAINED = {
    "bert": 512,
    "commandr": 8192,
    "gemma": 8192,
    "gemma2": 8192,
    "gemma3-1b": 32768,
    "nomic": 2048,
    "olmo2": 4096,
    "phi2": 2048,
    "starcoder2": 16384,
}
