"""The vllm engine: a base and its adapters inside vLLM, a `LoRARequest` for each row of an adapter.

    engine: {name: vllm, dtype: bfloat16, options: {tensor_parallel: 2}}

Looking imports neither vllm nor torch: adapters that vLLM cannot take, or would take and silently not apply, are
found by their configuration and the shapes in their files.

    options -> a study's `engine`, checked       fitness -> what of an adapter vLLM cannot take
    preflight  -> look, without loading             session -> loaded, as a study uses it
    control -> an adapter that changes nothing, to tell rounding from change
"""

from assay.engines.vllm.preflight import VllmPreflight, preflight

__all__ = ["VllmPreflight", "preflight"]
