"""Memory that a device lacks, and freed memory, handed back."""

from __future__ import annotations

import ctypes
import gc
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: How a lack of a device's memory reads where torch has no class of its own for it (lower case).
_LACKS = (
    "out of memory",
    "cublas_status_alloc_failed",
    "cublas_status_not_initialized",
    "cudnn_status_alloc_failed",
    "cudnn_status_internal_error_device_allocation_failed",
    "cannot allocate memory",
    "can't allocate memory",
    "failed to allocate",
)


def lacks_memory(error: BaseException) -> bool:
    """Whether an operation failed for lack of memory, which smaller pieces cure.

    PyTorch raises ``OutOfMemoryError`` for what its own allocator asks for. What CUDA, cuBLAS and
    cuDNN ask for fails with another error, told by its text (cuBLAS can't set itself up either).
    """
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _LACKS)


def free_attempt(error: BaseException, device: torch.device) -> None:
    """Let go of what a failed attempt holds: its frames, kept by the error, and torch's cache."""
    import torch

    traceback.clear_frames(error.__traceback__)
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def return_memory() -> None:
    """Hand freed memory back to the system, where the C library keeps it for itself (glibc).

    Pieces of many sizes leave holes that the next ones can't use, so a process grows for as long
    as it works. It takes milliseconds.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
