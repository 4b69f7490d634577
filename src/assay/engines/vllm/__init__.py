"""The vllm engine: a base and its adapters inside vLLM, a `LoRARequest` for each row of an adapter.

    engine: {name: vllm, dtype: bfloat16, options: {tensor_parallel: 2}}

Preflight imports neither vllm nor torch: adapters that vLLM cannot load, or would load and silently not apply, are
found by their configuration and the shapes in their files.

    options   -> a study's `engine`, checked      adapter_check -> what vLLM cannot load of an adapter
    preflight -> checks, without loading          loading -> starts vLLM; a control adapter shows rounding
    session   -> the loaded base and adapters
"""

from assay.engines.vllm.preflight import VllmPreflight, preflight

__all__ = ["VllmPreflight", "preflight"]
