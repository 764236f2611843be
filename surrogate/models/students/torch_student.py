"""Any torch module as a student (or a teacher); needs the extra ``torch``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from surrogate.models.records.classifier import softmax
from surrogate.models.students.student import Student

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class TorchStudent(Student):
    """A torch module that gives one score a class, trained by Hinton's loss.

    Parameters
    ----------
    make_module : callable
        Called without arguments; returns the module. It takes a float32 tensor (n, p) and returns scores (n, c); a
        convolutional one begins with ``torch.nn.Unflatten``.
    epochs : int, default 20
        Passes over the rows.
    batch_size : int, default 64
        Rows in a step.
    learning_rate : float, default 1e-3
        Of Adam, at the start; it falls to zero along half a cosine.
    scale : float, default 1.0
        What features are divided by, 255 for pixels.
    device : str, default "cpu"
    random_state : int, RandomState or None, default 0

    Attributes
    ----------
    module_ : torch.nn.Module
    history_ : list of float
        Mean loss of each epoch.

    Raises
    ------
    ImportError
        On fitting, if torch is not installed: ``pip install surrogate-discovery[torch]``.

    References
    ----------
    Hinton, G., Vinyals, O., Dean, J. (2015). Distilling the knowledge in a neural network. arXiv 1503.02531.
    """

    def __init__(
        self,
        make_module: Callable[[], Any],
        *,
        epochs: int = 20,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        scale: float = 1.0,
        device: str = "cpu",
        random_state: Any = 0,
    ) -> None:
        self.make_module = make_module
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.scale = scale
        self.device = device
        self.random_state = random_state

    def _learn(
        self, X: Floats, logits: Floats, truth: NDArray[np.intp], temperature: float, soft_weight: float
    ) -> None:
        torch = _torch()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.module_ = self.make_module().to(self.device)
            self._train(torch, X, logits, truth, temperature, soft_weight)

    def _train(
        self,
        torch: Any,
        X: Floats,
        logits: Floats,
        truth: NDArray[np.intp],
        temperature: float,
        soft_weight: float,
    ) -> None:
        rows, soft = self._tensor(torch, X), torch.as_tensor(softmax(logits / temperature), dtype=torch.float32)
        soft, hard = soft.to(self.device), torch.as_tensor(truth).to(self.device)
        steps = self.epochs * math.ceil(len(X) / self.batch_size)
        adam = torch.optim.Adam(self.module_.parameters(), lr=self.learning_rate)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
        functional, self.history_ = torch.nn.functional, []
        self.module_.train()
        for _ in range(self.epochs):
            total = 0.0
            for batch in torch.randperm(len(X)).split(self.batch_size):
                scores, known = self.module_(rows[batch]), hard[batch] >= 0
                told = functional.log_softmax(scores / temperature, dim=1)
                divergence = functional.kl_div(told, soft[batch], reduction="none").sum(dim=1)
                weight = torch.where(known, soft_weight, 1.0)
                loss = temperature**2 * (weight * divergence).sum()
                if soft_weight < 1.0 and bool(known.any()):
                    right = functional.cross_entropy(scores[known], hard[batch][known], reduction="sum")
                    loss = loss + (1 - soft_weight) * right
                adam.zero_grad()
                (loss / len(batch)).backward()
                adam.step()
                falling.step()
                total += float(loss.detach())
            self.history_.append(total / len(X))
        self.module_.eval()

    def _tensor(self, torch: Any, X: ArrayLike) -> Any:
        scaled = (np.asarray(X, dtype=np.float64) / self.scale).astype(np.float32)
        return torch.from_numpy(scaled).to(self.device)

    def _chances(self, X: ArrayLike) -> Floats:
        torch = _torch()
        with torch.no_grad():
            parts = [self.module_(part) for part in self._tensor(torch, X).split(1000)]
        return softmax(torch.cat(parts).cpu().numpy().astype(np.float64))


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "TorchStudent needs torch. Install it with: pip install 'surrogate-discovery[torch]'"
        ) from error
    return torch
