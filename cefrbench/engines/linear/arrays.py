"""Double-precision linear algebra with one vocabulary: NumPy on the CPU, torch on an accelerator.

On two CPU cores NumPy and LAPACK beat torch on every product the linear probes need (a symmetric
product costs half a general one), so torch is used only where an accelerator is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

#: ``numpy.ndarray`` or ``torch.Tensor``, float64 unless said otherwise.
Array = Any
Doubles = NDArray[np.float64]


class Arrays(Protocol):
    """What the solvers need beyond the operators that NumPy and torch share."""

    def put(self, values: Any) -> Array:
        """Bring values to the device, as float64."""

    def get(self, array: Array) -> Doubles:
        """Bring an array back to the host."""

    def zeros(self, *shape: int) -> Array:
        """Zeros on the device."""

    def single(self, array: Array) -> Array:
        """Round to float32."""

    def double(self, array: Array) -> Array:
        """Widen to float64."""

    def gram(self, matrix: Array) -> Array:
        """``matrixᵀ matrix``, both triangles."""

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        """Eigenvalues, descending, and eigenvectors of a symmetric matrix."""

    def inverse(self, matrices: Array) -> Array:
        """Inverse of each matrix of a stack."""

    def solver(self, matrix: Array) -> Callable[[Array], Array]:
        """Factorise a positive definite matrix once; the result solves for right-hand sides."""

    def exp(self, array: Array) -> Array:
        """Elementwise exponential."""

    def log(self, array: Array) -> Array:
        """Elementwise logarithm."""

    def sqrt(self, array: Array) -> Array:
        """Elementwise square root."""

    def softplus(self, array: Array) -> Array:
        """Elementwise ``log(1 + exp(x))`` without overflow."""

    def sigmoid(self, array: Array) -> Array:
        """Elementwise ``1 / (1 + exp(-x))`` without overflow."""

    def log_softmax(self, array: Array) -> Array:
        """Logarithm of the softmax over the last axis."""


class HostArrays:
    """NumPy and LAPACK."""

    def put(self, values: Any) -> Array:
        return np.ascontiguousarray(values, dtype=np.float64)

    def get(self, array: Array) -> Doubles:
        return np.asarray(array, dtype=np.float64)

    def zeros(self, *shape: int) -> Array:
        return np.zeros(shape)

    def single(self, array: Array) -> Array:
        return array.astype(np.float32)

    def double(self, array: Array) -> Array:
        return array.astype(np.float64)

    def gram(self, matrix: Array) -> Array:
        return matrix.T @ matrix

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        values, vectors = np.linalg.eigh(matrix)
        return values[::-1], np.ascontiguousarray(vectors[:, ::-1])

    def inverse(self, matrices: Array) -> Array:
        return np.linalg.inv(matrices)

    def solver(self, matrix: Array) -> Callable[[Array], Array]:
        from scipy.linalg import cho_factor, cho_solve

        factor = cho_factor(matrix, lower=True, check_finite=False)
        return lambda right: cho_solve(factor, right, check_finite=False)

    def exp(self, array: Array) -> Array:
        return np.exp(array)

    def log(self, array: Array) -> Array:
        return np.log(array)

    def sqrt(self, array: Array) -> Array:
        return np.sqrt(array)

    def softplus(self, array: Array) -> Array:
        return np.logaddexp(0.0, array)

    def sigmoid(self, array: Array) -> Array:
        from scipy.special import expit

        return expit(array)

    def log_softmax(self, array: Array) -> Array:
        shifted = array - array.max(axis=-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


class DeviceArrays:
    """torch on one device.

    Parameters
    ----------
    device : str
        ``cuda``, ``cuda:N``; ``cpu`` works too and is how the tests run this class.
    """

    def __init__(self, device: str) -> None:
        import torch

        self._torch = torch
        self._device = torch.device(device)

    def put(self, values: Any) -> Array:
        return self._torch.as_tensor(values, dtype=self._torch.float64, device=self._device)

    def get(self, array: Array) -> Doubles:
        host: Doubles = array.detach().cpu().numpy()
        return host

    def zeros(self, *shape: int) -> Array:
        return self._torch.zeros(shape, dtype=self._torch.float64, device=self._device)

    def single(self, array: Array) -> Array:
        return array.float()

    def double(self, array: Array) -> Array:
        return array.double()

    def gram(self, matrix: Array) -> Array:
        return matrix.T @ matrix

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        values, vectors = self._torch.linalg.eigh(matrix)
        return values.flip(0), vectors.flip(1)

    def inverse(self, matrices: Array) -> Array:
        return self._torch.linalg.inv(matrices)

    def solver(self, matrix: Array) -> Callable[[Array], Array]:
        factor = self._torch.linalg.cholesky(matrix)
        return lambda right: self._torch.cholesky_solve(right, factor)

    def exp(self, array: Array) -> Array:
        return self._torch.exp(array)

    def log(self, array: Array) -> Array:
        return self._torch.log(array)

    def sqrt(self, array: Array) -> Array:
        return self._torch.sqrt(array)

    def softplus(self, array: Array) -> Array:
        return self._torch.logaddexp(array, self._torch.zeros_like(array))

    def sigmoid(self, array: Array) -> Array:
        return self._torch.sigmoid(array)

    def log_softmax(self, array: Array) -> Array:
        return self._torch.log_softmax(array, dim=-1)


def arrays_on(device: str) -> Arrays:
    """Choose by device; ``mps`` has no double precision, so linear probes stay on its CPU."""
    return DeviceArrays(device) if device.startswith("cuda") else HostArrays()
