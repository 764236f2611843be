"""The table of benchmarks/reds.py, from the results that there are."""

from __future__ import annotations

import numpy as np
import pandas as pd

MEASURES = {"pr_auc": "PR AUC", "precision": "precision", "consistency": "consistency", "restricted": "restricted",
            "irrelevant": "irrelevant"}  # fmt: skip
SIZES = (200, 400, 800)


def write_table(rows, active, path, consistency):
    results = pd.DataFrame(rows).drop_duplicates(["case", "n", "method", "seed"])
    text = [__doc_title__, *_coverage(results), "## Averages\n", *_averages(results, consistency)]
    text += ["\n## Equal N: Wilcoxon signed-rank tests over seeds\n", *_wilcoxon(results)]
    text += ["\n## Active REDS (`benchmarks/reds_active.py`)\n", *_active(active)]
    text += ["\n## Every case\n", *_cases(results, consistency)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


__doc_title__ = """# REDS against tuned PRIM

Made by `benchmarks/reds.py` (what is measured stands there). PR AUC is less the base rate, times 100; precision is
that of the last box, consistency the mean overlap of the last boxes of two seeds, both in percent; all on runs that no
method has seen. "REDS" knows of each run whether it is a case, "REDS output" the output too. Tuned PRIM chooses its
`peel_alpha` by 5-fold cross-validation.
"""


def _coverage(results):
    seeds = results.groupby("n")["seed"].nunique()
    return ["Seeds: " + ", ".join(f"{count} at N = {n}" for n, count in seeds.items()) + ".\n"]


def _summary(results, consistency):
    """Return means over seeds, a row a case, size and method."""
    found = results.groupby(["case", "n", "method"]).agg(
        pr_auc=("pr_auc", "mean"), precision=("precision", "mean"), restricted=("restricted", "mean"),
        irrelevant=("irrelevant", "mean"), seeds=("seed", "nunique"),
    )  # fmt: skip
    boxes = results.groupby(["case", "n", "method"])["box"].apply(list)
    found["consistency"] = boxes.map(lambda some: consistency(some) if len(some) > 1 else np.nan)
    for name in ("pr_auc", "precision", "consistency"):
        found[name] *= 100
    return found


def _complete(results, n):
    """Return the functions, the lake and the grid in those seeds that have all methods at n, 2n and 4n."""
    wanted = [(n, "reds"), (n, "reds output"), (n, "prim"), (2 * n, "prim"), (4 * n, "prim")]
    part = results[[pair in wanted for pair in zip(results["n"], results["method"], strict=True)]]
    part = part[part["case"] != "bryant"]
    counts = part.groupby(["case", "seed"]).size()
    whole = counts[counts == len(wanted)].reset_index()[["case", "seed"]]
    # Only seeds that every case has: averages over cases are then of the same seeds.
    cases = results.loc[results["case"] != "bryant", "case"].nunique()
    seeds = whole.groupby("seed").size()
    return part[part["seed"].isin(seeds[seeds == cases].index)]


def _averages(results, consistency):
    lines = ["| N | method | runs | " + " | ".join(MEASURES.values()) + " |", "|---|---|---|" + "---|" * len(MEASURES)]
    for n in SIZES:
        part = _complete(results, n)
        if part.empty:
            lines.append(f"| {n} | not yet run | | | | | | |")
            continue
        means = _summary(part, consistency).groupby(["n", "method"])[list(MEASURES)].mean()
        for runs, method in [(n, "reds"), (n, "reds output"), (n, "prim"), (2 * n, "prim"), (4 * n, "prim")]:
            row = means.loc[(runs, method)]
            name = {"reds": "REDS", "reds output": "REDS output"}.get(method, "tuned PRIM")
            lines.append(f"| {n} | {name} | {runs} | " + " | ".join(f"{row[m]:.1f}" for m in MEASURES) + " |")
    return lines


def _wilcoxon(results):
    from scipy.stats import wilcoxon

    lines = []
    for n in SIZES:
        for method, label in (("reds", "REDS"), ("reds output", "REDS output")):
            for measure in ("pr_auc", "precision"):
                worse, better, of = [], [], 0
                for case in sorted(set(results["case"])):
                    part = results[(results["case"] == case) & (results["n"] == n)]
                    both = part.pivot(index="seed", columns="method", values=measure)
                    if not {"prim", method} <= set(both) or len(pair := both[["prim", method]].dropna()) < 6:
                        continue
                    of += 1
                    gain = pair[method] - pair["prim"]
                    if (gain != 0).any() and wilcoxon(gain).pvalue < 0.05:
                        (better if gain.median() > 0 else worse).append(case)
                if of:
                    bad = f" ({', '.join(worse)})" if worse else ""
                    lines.append(
                        f"- N = {n}, {label}, {MEASURES[measure]}: significantly better in {len(better)} of {of} "
                        f"cases, worse in {len(worse)}{bad} (two-sided, 5 %, not corrected for the number of tests)."
                    )
    return lines or ["Not enough seeds yet."]


def _active(rows):
    if not rows:
        return ["Not yet run."]
    results = pd.DataFrame(rows)
    cases = results.groupby("seed").size()
    results = results[results["seed"].isin(cases[cases == cases.max()].index)]
    means = results.groupby("runs")[["wrong", "pr_auc", "precision"]].mean() * 100
    lines = [f"Means of {results['case'].nunique()} functions and {results['seed'].nunique()} seeds, in percent.\n",
             "| runs | wrong labels | PR AUC | precision |", "|---|---|---|---|"]  # fmt: skip
    return lines + [
        f"| {runs} | {row['wrong']:.2f} | {row['pr_auc']:.1f} | {row['precision']:.1f} |"
        for runs, row in means.iterrows()
    ]


def _cases(results, consistency):
    summary = _summary(results, consistency).reset_index()
    lines = ["| case | runs | method | seeds | " + " | ".join(MEASURES.values()) + " |",
             "|---|---|---|---|" + "---|" * len(MEASURES)]  # fmt: skip
    lines += [
        f"| {row['case']} | {row['n']} | {row['method']} | {row['seeds']} | "
        + " | ".join(f"{row[m]:.1f}" for m in MEASURES)
        + " |"
        for _, row in summary.iterrows()
    ]
    return lines
