"""From 1,000 labelled digits to one decision tree: 0.69 fitted directly, above 0.90 taught by a teacher.

The tree is scikit-learn's, fitted to the 784 pixels as they are, and judged on the 10,000 test images as they are. It
knows 1,000 labels (100 of each digit, drawn by the seed); the other 59,000 training images go without theirs.

1. The teacher: patches of unlabelled images are clustered; each image becomes how strongly every cluster is seen in
   every part of it; ridge regression on the 1,000 labelled images, each also shifted, turned and bent 30 times.
2. The transfer set: the images of which the teacher is sure (97 of 100), and shifted, turned and scaled copies of
   them, labelled by the teacher.
3. The student: a decision tree. Its controls: the same tree on the 1,000 labels, and on the teacher's labels of them.

    python mnist_tree.py mnist.npz            # arrays X, y, X_test, y_test of the 60,000 and 10,000 images
    python mnist_tree.py folder               # or a folder in which scikit-learn keeps what it has from OpenML

References
----------
Coates, A., Ng, A. Y. (2012). Learning feature representations with k-means. Neural Networks: Tricks of the Trade.
Simard, P. Y., Steinkraus, D., Platt, J. C. (2003). Best practices for convolutional neural networks. ICDAR.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from surrogate import distill

SIDE = 28
UNSURE = 0.03  # share of the unlabelled images that is left out: those of which the teacher is least sure


def read(path: Path) -> tuple[Any, Any, Any, Any]:
    """Return images of 60,000 and 10,000 digits as rows of 784 pixels, and their labels."""
    if path.is_dir():
        from sklearn.datasets import fetch_openml

        X, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False, data_home=path)
        X, y = X.astype(np.uint8), y.astype(int)
        return X[:60_000], y[:60_000], X[60_000:], y[60_000:]
    with np.load(path, allow_pickle=False) as data:
        X, y, X_test, y_test = (data[name] for name in ("X", "y", "X_test", "y_test"))
    return X.reshape(len(X), -1), y.astype(int), X_test.reshape(len(X_test), -1), y_test.astype(int)


def moved(
    rows: Any,
    rng: np.random.Generator,
    *,
    shift: float = 2.0,
    turn: float = 12.0,
    scale: float = 0.1,
    shear: float = 0.15,
    bend: float = 0.0,
) -> Any:
    """Return images shifted by up to so many pixels, turned by degrees, scaled, sheared and bent, each otherwise."""
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), axis=-1)
    around = grid.reshape(-1, 2) - (SIDE - 1) / 2
    result = np.empty((len(rows), SIDE * SIDE), dtype=np.uint8)
    for start in range(0, len(rows), 2000):
        images = np.pad(rows[start : start + 2000].reshape(-1, SIDE, SIDE), ((0, 0), (2, 2), (2, 2)))
        n = len(images)
        angle, skew = np.deg2rad(rng.uniform(-turn, turn, n)), rng.uniform(-shear, shear, n)
        high, wide = np.exp(rng.uniform(-scale, scale, (2, n)))
        matrix = np.array([[np.cos(angle) * high, -np.sin(angle) * wide],
                           [np.sin(angle) * high + skew, np.cos(angle) * wide]])  # fmt: skip
        places = np.einsum("pj,ijn->npi", around, matrix) + (SIDE - 1) / 2 + rng.uniform(-shift, shift, (n, 1, 2))
        if bend:
            field = gaussian_filter(rng.normal(size=(n, 2, SIDE, SIDE)), (0, 0, 4, 4))
            places += (bend * field / field.std()).reshape(n, 2, -1).transpose(0, 2, 1)
        corner = np.floor(places).astype(int)
        rest = (places - corner).astype(np.float32)
        corner = np.clip(corner + 2, 0, SIDE + 2)
        row, down, right = np.arange(n)[:, None], rest[..., 0], rest[..., 1]
        value = np.zeros((n, SIDE * SIDE), dtype=np.float32)
        for i, weight_i in ((0, 1 - down), (1, down)):
            for j, weight_j in ((0, 1 - right), (1, right)):
                value += images[row, corner[..., 0] + i, corner[..., 1] + j] * weight_i * weight_j
        outside = ((places < -1) | (places > SIDE)).any(axis=2)
        result[start : start + n] = np.where(outside, 0, value).round()
    return result


class PatchTeacher:
    """Ridge regression on how strongly clusters of patches are seen in every part of an image.

    Parameters
    ----------
    pool : ndarray of shape (n, 784)
        Images whose patches are clustered; no labels.
    clusters, size, parts : int
        Clusters of patches, pixels of a patch's side, parts of an image along a side.
    """

    classes_ = np.arange(10)

    def __init__(self, pool: Any, clusters: int = 128, size: int = 6, parts: int = 4, seed: int = 0) -> None:
        self.size, self.parts = size, parts
        rng = np.random.default_rng(seed)
        patches = self._patches(pool[rng.choice(len(pool), min(len(pool), 5000), replace=False)])
        patches = patches.reshape(-1, size * size)
        patches = patches[rng.choice(len(patches), min(len(patches), 200_000), replace=False)]
        patches = patches[(patches**2).mean(axis=1) > 0.2]  # flat ones say nothing
        self.center = patches.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov((patches - self.center).T))
        white = ((vectors / np.sqrt(values + 0.1)) @ vectors.T).astype(np.float32)
        points = (patches - self.center) @ white
        centres = self._cluster(points, clusters, rng)
        self.filters = white @ centres.T
        self.least = np.quantile(np.abs(points[:20_000] @ centres.T), 0.7).astype(np.float32)

    @staticmethod
    def _cluster(points: Any, clusters: int, rng: np.random.Generator) -> Any:
        """Return directions that points lie along (spherical k-means)."""
        centres = points[rng.choice(len(points), clusters, replace=False)]
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        for _ in range(15):
            along = points @ centres.T
            nearest = np.abs(along).argmax(axis=1)
            signed = along[np.arange(len(points)), nearest, None] * points
            sums = np.stack([signed[nearest == i].sum(axis=0) for i in range(clusters)])
            length = np.linalg.norm(sums, axis=1, keepdims=True)
            centres = np.where(length > 0, sums / np.maximum(length, 1e-9), centres).astype(np.float32)
        return centres

    def _patches(self, rows: Any) -> Any:
        images = rows.reshape(-1, SIDE, SIDE).astype(np.float32) / 255
        patches = np.lib.stride_tricks.sliding_window_view(images, (self.size, self.size), axis=(1, 2))
        patches = patches.reshape(*patches.shape[:3], -1)
        patches = patches - patches.mean(axis=-1, keepdims=True)
        return patches / np.sqrt((patches**2).mean(axis=-1, keepdims=True) + 0.01)

    def features(self, rows: Any) -> Any:
        """Return features of images, shape (n, 2 * clusters * parts**2)."""
        result = []
        for start in range(0, len(rows), 100):
            patches = self._patches(rows[start : start + 100])
            n, side = len(patches), patches.shape[1]
            along = patches.reshape(n * side * side, -1) @ self.filters - self.center @ self.filters
            along = along.reshape(n, side, side, -1)
            edges = np.linspace(0, side, self.parts + 1).astype(int)
            seen = np.concatenate([np.maximum(along - self.least, 0), np.maximum(-along - self.least, 0)], axis=-1)
            rows_summed = np.add.reduceat(seen, edges[:-1], axis=1)
            parts = np.add.reduceat(rows_summed, edges[:-1], axis=2)
            result.append(np.sqrt(parts.reshape(n, -1) / (side / self.parts) ** 2))
        return np.concatenate(result)

    def fit(self, X: Any, y: Any, copies: int = 30, ridge: float = 0.01, seed: int = 0) -> PatchTeacher:
        """Learn from labelled images and from moved copies of them."""
        rng = np.random.default_rng(seed)
        rows = np.concatenate([X, *(moved(X, rng, bend=0.7) for _ in range(copies))])
        features, targets = self.features(rows), np.eye(10, dtype=np.float32)[np.tile(y, copies + 1)] - 0.1
        self.mean, self.width = features.mean(axis=0), features.std(axis=0) + 0.02
        features -= self.mean
        features /= self.width
        gram = features.T @ features
        gram[np.diag_indices_from(gram)] += ridge * len(features)
        self.weights = np.linalg.solve(gram, features.T @ targets)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Return chances of the ten digits; how sharp they are was set once, by the likelihood of held-out labels."""
        scores = 12.0 * (((self.features(X) - self.mean) / self.width) @ self.weights).astype(np.float64)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:
        """Return digits."""
        return self.predict_proba(X).argmax(axis=1)


class MovedImages:
    """A generator: images of the data, shifted by whole pixels or moved in other small ways, half of them each.

    Attributes
    ----------
    source : dict of int to int
        For the key of each moved image, the key of what it was made from.
    """

    def __init__(self) -> None:
        self.source: dict[int, int] = {}

    def fit(self, X: Any) -> MovedImages:
        """Remember the images."""
        self.X = X
        return self

    def sample(self, n: int, seed: int) -> Any:
        """Return `n` moved images; the same seed gives the same ones."""
        rng = np.random.default_rng(seed)
        order = np.concatenate([rng.permutation(len(self.X)) for _ in range(-(-n // len(self.X)))])[:n]
        rows = self.X[order]
        half = n // 2
        images = np.pad(rows[:half].reshape(-1, SIDE, SIDE), ((0, 0), (2, 2), (2, 2)))
        down, right = rng.integers(0, 5, (2, half))
        windows = np.lib.stride_tricks.sliding_window_view(images, (SIDE, SIDE), axis=(1, 2))
        shifted = windows[np.arange(half), down, right].reshape(half, -1)
        result = np.concatenate([shifted, moved(rows[half:], rng, shift=1.5, turn=8.0, scale=0.08, shear=0.1)])
        self.source.update(zip(keys(result), keys(rows), strict=True))
        return result


class Recalling:
    """A teacher that is asked once about each image: a moved digit is the digit that it was made from."""

    def __init__(self, teacher: PatchTeacher, source: dict[int, int]) -> None:
        self.teacher, self.source = teacher, source
        self.classes_ = teacher.classes_
        self.known: dict[int, Any] = {}

    def predict_proba(self, X: Any) -> Any:
        """Return chances of the ten digits."""
        asked = [self.source.get(key, key) for key in keys(X)]
        new = {key: row for row, key in enumerate(asked) if key not in self.known}
        if new:
            self.known.update(zip(new, self.teacher.predict_proba(X[list(new.values())]), strict=True))
        return np.array([self.known[key] for key in asked])

    def predict(self, X: Any) -> Any:
        """Return digits."""
        return self.predict_proba(X).argmax(axis=1)


def keys(rows: Any) -> list[int]:
    """Return a number for each image, equal for equal ones."""
    return [hash(row.tobytes()) for row in rows]


def main(path: Path, n: int, copies: int, seed: int) -> None:
    """Teach a tree, and print what it learnt."""
    start, cpu = time.perf_counter(), time.process_time()

    def say(text: str) -> None:
        print(f"[{time.perf_counter() - start:5.0f} s, {time.process_time() - cpu:5.0f} s of CPU] {text}", flush=True)

    X, y, X_test, y_test = read(path)
    labelled, pool = train_test_split(np.arange(len(X)), train_size=1000, stratify=y, random_state=seed)
    teacher = PatchTeacher(X, seed=seed).fit(X[labelled], y[labelled], copies, seed=seed)
    images = MovedImages()
    recalling = Recalling(teacher, images.source)
    say(f"teacher: accuracy {(recalling.predict(X_test) == y_test).mean():.4f} from 1,000 labels")
    chances = np.sort(recalling.predict_proba(X[pool]), axis=1)
    margin = chances[:, -1] - chances[:, -2]
    sure = pool[margin > np.quantile(margin, UNSURE)]

    tree = DecisionTreeClassifier(criterion="entropy", random_state=seed)
    result = distill(
        recalling, tree, X[labelled], y[labelled], unlabelled=X[sure], test=(X_test, y_test), labels="hard",
        soft_weight=0.0, generator=images, n=n, seed=seed,
    )  # fmt: skip
    say(f"transfer set: {result.transfer}")
    low, high = result.interval
    print(f"tree fitted to the 1,000 labels: accuracy {result.scores['direct']:.4f}")
    print(f"tree on the teacher's labels of them: accuracy {result.scores['relabelled']:.4f}")
    print(f"tree taught by the teacher: accuracy {result.scores['student']:.4f}, {result.model.get_n_leaves()} leaves")
    print(f"gain {result.gain:+.4f} ({low:+.4f} to {high:+.4f}); worth it: {result.worth_it}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="mnist.npz, or a folder for OpenML's mnist_784")
    parser.add_argument("--n", type=int, default=300_000, help="number of generated images")
    parser.add_argument("--copies", type=int, default=30, help="moved copies of each labelled image for the teacher")
    parser.add_argument("--seed", type=int, default=0, help="draws the 1,000 labelled images")
    main(**vars(parser.parse_args()))
