"""Double-precision linear algebra with one vocabulary: NumPy on the CPU, torch on an accelerator.

On two CPU cores NumPy and LAPACK beat torch on every product the linear probes need (a symmetric
product costs half a general one), so torch is used only where an accelerator is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: ``numpy.ndarray`` or ``torch.Tensor``, float64 unless said otherwise.
Array = Any
Doubles = NDArray[np.float64]


class Arrays:
    """NumPy and LAPACK; what an accelerator does otherwise stands in :class:`DeviceArrays`.

    Attributes
    ----------
    xp : module
        For all that NumPy and torch call and do the same: ``exp``, ``sqrt``, ``linalg.inv``, …
    """

    xp: Any = np

    def put(self, values: Any) -> Array:
        """Bring values to the device, as float64."""
        return np.ascontiguousarray(values, dtype=np.float64)

    def get(self, array: Array) -> Doubles:
        """Bring an array back to the host."""
        return np.asarray(array, dtype=np.float64)

    def zeros(self, *shape: int) -> Array:
        """Zeros on the device."""
        return np.zeros(shape)

    def single(self, array: Array) -> Array:
        """Round to float32."""
        return self.xp.asarray(array, dtype=self.xp.float32)

    def double(self, array: Array) -> Array:
        """Widen to float64."""
        return self.xp.asarray(array, dtype=self.xp.float64)

    def like(self, array: Array, other: Array) -> Array:
        """Bring an array to the precision of another one."""
        return self.xp.asarray(array, dtype=other.dtype)

    def joined(self, parts: Sequence[Array]) -> Array:
        """Rows of all parts, one after the other."""
        return parts[0] if len(parts) == 1 else self.xp.concatenate(parts)

    def gram(self, matrix: Array) -> Array:
        """``matrixᵀ matrix``, both triangles."""
        return matrix.T @ matrix

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        """Eigenvalues, descending, and eigenvectors of a symmetric matrix."""
        values, vectors = np.linalg.eigh(matrix)
        return values[::-1], np.ascontiguousarray(vectors[:, ::-1])

    def solver(self, matrix: Array) -> Callable[[Array], Array]:
        """Factorise a positive definite matrix once; the result solves for right-hand sides."""
        from scipy.linalg import cho_factor, cho_solve

        factor = cho_factor(matrix, lower=True, check_finite=False)
        return lambda right: cho_solve(factor, right, check_finite=False)

    def softplus(self, array: Array) -> Array:
        """Elementwise ``log(1 + exp(x))`` without overflow."""
        return np.logaddexp(0.0, array)

    def sigmoid(self, array: Array) -> Array:
        """Elementwise ``1 / (1 + exp(-x))`` without overflow."""
        from scipy.special import expit

        return expit(array)

    def log_softmax(self, array: Array) -> Array:
        """Logarithm of the softmax over the last axis."""
        shifted = array - array.max(axis=-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


class DeviceArrays(Arrays):
    """torch on one device.

    Parameters
    ----------
    device : str
        ``cuda``, ``cuda:N``; ``cpu`` works too and is how the tests run this class.
    """

    def __init__(self, device: str) -> None:
        import torch

        self.xp = torch
        self._device = torch.device(device)

    def put(self, values: Any) -> Array:
        """Bring values to the device, as float64."""
        return self.xp.as_tensor(values, dtype=self.xp.float64, device=self._device)

    def get(self, array: Array) -> Doubles:
        """Bring a tensor back to the host."""
        host: Doubles = array.detach().cpu().numpy()
        return host

    def zeros(self, *shape: int) -> Array:
        """Zeros on the device."""
        return self.xp.zeros(shape, dtype=self.xp.float64, device=self._device)

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        """Eigenvalues, descending, and eigenvectors; torch can't step backwards."""
        values, vectors = self.xp.linalg.eigh(matrix)
        return values.flip(0), vectors.flip(1)

    def solver(self, matrix: Array) -> Callable[[Array], Array]:
        """Factorise by torch's own Cholesky."""
        factor = self.xp.linalg.cholesky(matrix)
        return lambda right: self.xp.cholesky_solve(right, factor)

    def softplus(self, array: Array) -> Array:
        """Elementwise; torch's ``logaddexp`` takes no plain number."""
        return self.xp.logaddexp(array, self.xp.zeros_like(array))

    def sigmoid(self, array: Array) -> Array:
        """Elementwise, in one kernel."""
        return self.xp.sigmoid(array)

    def log_softmax(self, array: Array) -> Array:
        """Over the last axis, in one kernel."""
        return self.xp.log_softmax(array, dim=-1)


def arrays_on(device: str) -> Arrays:
    """Choose by device; ``mps`` has no double precision, so linear probes stay on its CPU."""
    return DeviceArrays(device) if device.startswith("cuda") else Arrays()
