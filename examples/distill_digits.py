"""A forest of 200 trees into a network of 2,410 weights, on scikit-learn's handwritten digits.

A recipe for this is printed in many places with the same mistakes; here it is without them. The teacher's labels are
made for the rows that the student learns from (not for those that it is judged on); they come from copies of the
forest that had not seen the row, since a forest is sure of everything it has seen; the temperature softens logits, not
chances, and the soft part of the loss is multiplied by its square; the student takes mini-batches until it has learnt
something. The controls say what the teacher was worth: here, where labels are plenty, nothing sure.

    python distill_digits.py
"""

from __future__ import annotations

import argparse

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from surrogate import distill
from surrogate.models.students import MLPStudent


def main(n: int) -> None:
    """Distil, and print what it cost and brought."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
    forest = RandomForestClassifier(n, max_depth=20, random_state=0).fit(X_train, y_train)
    student = MLPStudent((32,), epochs=60)
    result = distill(forest, student, X_train, y_train, test=(X_test, y_test), generator=None, temperature=4.0,
                     soft_weight=0.7, seed=0)  # fmt: skip
    print(result)
    card = result.scorecard
    print(card[["score", "fidelity", "bytes", "single_us"]].to_string())
    print(f"size: {card.loc['student', 'bytes'] / card.loc['teacher', 'bytes']:.2%} of the teacher's; one row: "
          f"{card.loc['teacher', 'single_us'] / card.loc['student', 'single_us']:.0f} times as fast")  # fmt: skip
    print(f"at the end of training it answered {result.model.history_['agreement'].iloc[-1]:.1%} as the teacher")
    result.budget(latency_ms=50, size_kb=20)
    print("within 50 ms and 20 kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200, help="number of trees")
    main(parser.parse_args().n)
