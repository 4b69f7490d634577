"""Loops of a decoding step in C, on a CPU: built by the machine's own compiler, once.

    kernel = load()                                          # a Kernel; or, as text, why there is none
    mixed = kernel.decode(queries, keys, values, last, factor, window)
    added = kernel.adapt(inputs, outputs, pairs, blocks)

Attention: torch's products pay for the longest row in every row, and mask the rest. The kernel reads the keys that a
row has and no others, with scores and softmax in float32. Adapters: torch sorts tokens by adapter, pads them and their
ranks, and copies what it adds. The kernel reads each token once and adds in place.

The library is kept in the user's cache folder, by source and processor. Each shape is compared with torch before it is
used; after a difference the kernel is not used again.

Knows no model and no step.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from assay.engines.torch.kernel_lora import TOKENS, Blocks, Change, Pairs, exact_change
from assay.native import KERNELS, build, cache_folder

__all__ = ["Kernel", "exact_attention", "load", "load_from"]

DTYPES = (torch.float32, torch.bfloat16)
NEAR = {torch.float32: 1e-5, torch.bfloat16: 2.0**-8}
"""Largest difference from the exact result, in units of its largest entry; of bfloat16, one rounding."""
LENGTHS = (1, 5, 64, 65, 200)
"""Rows of the comparison: within a block of keys, at its end, beyond it."""
WINDOW = 70
COMPARED = 4
"""Adapters of a layer whose results are compared."""
STACK = 32768
"""Floats that one thread may hold for a key/value head."""
OPENMP = ("libgomp.so.1", "libiomp5.so", "libomp.so", "libomp.dylib")


class Task(ctypes.Structure):
    """`struct task` of kernels.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("query", "key", "value", "out", "last")),
        *((name, ctypes.c_int64) for name in ("rows", "heads", "shared", "size", "width")),
        *((name, ctypes.c_int64) for name in ("query_row", "query_head", "key_slot", "key_head")),
        *((name, ctypes.c_int64) for name in ("value_slot", "value_head", "window", "narrow", "next")),
        ("factor", ctypes.c_double),
    )


@dataclass(slots=True)
class Kernel:
    """The functions of a loaded library."""

    library: Any
    parallel: int | None
    """Address of `GOMP_parallel` in the OpenMP library that torch uses; None: one thread."""
    stopped: str = ""
    """Why it is not used again; empty while it is."""
    _same: set[tuple[object, ...]] = field(default_factory=set)
    """Shapes whose results were compared."""

    def decode(
        self, queries: Tensor, keys: Tensor, values: Tensor, last: Tensor, factor: float, window: int
    ) -> Tensor | None:
        """(R, H, D), (slots, K, places, D), (slots, K, places, V), (R) -> (R, H, V); None: torch must do it.

        Row r attends to places 0 to `last[r]` of slot r, or to the last `window` of these (0: to all).
        """
        shape = (queries.dtype, *queries.shape[1:], keys.shape[1], values.shape[-1], bool(window))
        if self.stopped or not _fits(queries, keys, values):
            return None
        if shape not in self._same:
            if not self._compare(queries, keys, values, bool(window)):
                return None
            self._same.add(shape)
        return self._run(queries, keys, values, last, factor, window)

    def _run(
        self, queries: Tensor, keys: Tensor, values: Tensor, last: Tensor, factor: float, window: int
    ) -> Tensor:
        queries = queries if queries.stride(-1) == 1 else queries.contiguous()
        rows, heads, size = queries.shape
        out = queries.new_empty(rows, heads, values.shape[-1])
        pointers = (part.data_ptr() for part in (queries, keys, values, out, last))
        sizes = (rows, heads, keys.shape[1], size, values.shape[-1])
        strides = (*queries.stride()[:2], *keys.stride()[:2], *values.stride()[:2])
        narrow = queries.dtype == torch.bfloat16
        self.library.assay_decode(
            ctypes.byref(Task(*pointers, *sizes, *strides, window, narrow, 0, factor)), self.parallel
        )
        return out

    def adapt(self, x: Tensor, out: Tensor, pairs: Pairs, blocks: Blocks) -> bool:
        """Add to `out` (T, outputs) what adapters make of `x` (T, inputs), in place; False: torch must do it."""
        if self.stopped or not _adaptable(x, out):
            return False
        shape = (x.dtype, *pairs.shape)
        if shape not in self._same:
            if not self._compare_change(x.dtype, pairs):
                return False
            self._same.add(shape)
        self._change(x, out, pairs, blocks)
        return True

    def _change(self, x: Tensor, out: Tensor, pairs: Pairs, blocks: Blocks) -> None:
        task = Change(
            *(part.data_ptr() for part in (x, out)),
            ctypes.addressof(pairs.array),
            *(part.data_ptr() for part in (blocks.tokens, blocks.first, blocks.owner)),
            *(len(blocks), pairs.inputs, pairs.outputs, pairs.width),
            *(x.stride(0), out.stride(0), x.dtype == torch.bfloat16, 0),
        )
        self.library.assay_adapt(ctypes.byref(task), self.parallel)

    def _compare_change(self, dtype: torch.dtype, pairs: Pairs) -> bool:
        """Whether the exact result comes out on random inputs; if not, stop."""
        random = torch.Generator().manual_seed(0)
        rows = torch.tensor([-1, *list(pairs.matrices)[:COMPARED]]).repeat(TOKENS + 1)
        x = torch.randn(len(rows), pairs.inputs, generator=random).to(dtype)
        out = torch.zeros(len(rows), pairs.outputs, dtype=dtype)
        exact = exact_change(x, rows, pairs)
        self._change(x, out, pairs, Blocks(rows))
        error = float((out.double() - exact).abs().max() / exact.abs().max().clamp_min(1e-30))
        if exact.isfinite().all() and not error <= NEAR[dtype]:
            self.stopped = f"what adapters add differs from torch's by {error:.2g} of the largest"
        return not self.stopped

    def _compare(self, queries: Tensor, keys: Tensor, values: Tensor, windowed: bool) -> bool:
        """Whether the exact result comes out on random numbers of these shapes; if not, stop."""
        random = torch.Generator().manual_seed(0)
        count, places, window = len(LENGTHS), max(LENGTHS), WINDOW * windowed

        def draw(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=random).to(queries.dtype)

        q = draw(count, *queries.shape[1:])
        k, v = (draw(count, part.shape[1], places, part.shape[-1]) for part in (keys, values))
        last = torch.tensor(LENGTHS) - 1
        factor = q.shape[-1] ** -0.5
        exact = exact_attention(q, k, v, last, factor, window)
        error = float(
            (self._run(q, k, v, last, factor, window).double() - exact).abs().max() / exact.abs().max()
        )
        if not error <= NEAR[queries.dtype]:
            self.stopped = f"its results differ from torch's by {error:.2g} of the largest"
        return not self.stopped


def exact_attention(
    queries: Tensor, keys: Tensor, values: Tensor, last: Tensor, factor: float, window: int
) -> Tensor:
    """What `Kernel.decode` computes, in float64 and row by row: (R, H, V)."""
    group = queries.shape[1] // keys.shape[1]
    rows = []
    for row, end in enumerate((last + 1).tolist()):
        seen = slice(max(0, end - window) if window else 0, end)
        k, v = (part[row, :, seen].double().repeat_interleave(group, 0) for part in (keys, values))
        weights = (k @ queries[row].double()[..., None] * factor).softmax(1)
        rows.append((weights * v).sum(1))
    return torch.stack(rows)


def _adaptable(x: Tensor, out: Tensor) -> bool:
    known = x.device.type == "cpu" and x.dtype in DTYPES and x.dtype == out.dtype
    return known and x.stride(1) == out.stride(1) == 1


def _fits(queries: Tensor, keys: Tensor, values: Tensor) -> bool:
    group = queries.shape[1] // keys.shape[1]
    dense = all(part.stride()[2:] == (part.shape[-1], 1) for part in (keys, values))
    known = queries.device.type == "cpu" and queries.dtype in DTYPES
    same = queries.dtype == keys.dtype == values.dtype
    return known and same and dense and group * (keys.shape[-1] + values.shape[-1] + 64) <= STACK


@cache
def load() -> Kernel | str:
    """The kernel, built if it was not; or why there is none here."""
    return load_from(cache_folder())


def load_from(folder: Path) -> Kernel | str:
    """The same, with libraries kept in this folder."""
    parallel = _parallel()
    if parallel is None and torch.get_num_threads() > 1:
        return "torch's OpenMP library is not one that C can call here"
    library = build(KERNELS, folder)
    if isinstance(library, str):
        return library
    try:
        loaded = ctypes.CDLL(str(library))
        for function in (loaded.assay_decode, loaded.assay_adapt):
            function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_void_p), None
    except (OSError, AttributeError) as bad:
        return f"its library cannot be loaded ({bad})"
    return Kernel(loaded, parallel)


def _parallel() -> int | None:
    """Where torch's OpenMP library starts its threads, so that the same ones work here."""
    bundled = (str(path) for path in (Path(torch.__file__).parent / "lib").glob("lib*omp*"))
    for name in (*bundled, *OPENMP):
        try:
            library = ctypes.CDLL(name, mode=os.RTLD_NOLOAD)
            return ctypes.cast(library.GOMP_parallel, ctypes.c_void_p).value
        except (OSError, AttributeError):
            continue
    return None
