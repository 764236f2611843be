"""Scenario discovery: the futures in which a lake tips.

A policy releases 0.02 units of phosphorus a year. A thousand futures show when that loses the lake; a box says it in
a sentence, with how much of the loss it covers and how often it is right, measured on runs that the search did not
see. Then the model is asked again inside the box: is it true?

    python find_a_box.py                 # writes lake.html, lake_tradeoff.png and lake_boxes.png
"""

from __future__ import annotations

import argparse

from sims.policy import Lake
from surrogate import LatinHypercube, Sobol, collect, discover


def main(n: int) -> None:
    """Run the futures, find the box, write the report, look closer."""
    lake = Lake(release=0.02)
    runs = collect(lake, design=LatinHypercube(n, seed=0))
    lost = runs["reliability"] < 0.9
    print(f"the lake is lost in {lost.sum()} of {len(runs)} futures")

    study = discover(runs, "reliability < 0.9", method="prim", seed=0)
    print("boxes, each on the futures that the ones before leave:")
    for box in study.boxes:
        print("   ", box.to_text().replace("\n", " and "))
    print(study.trajectory.iloc[:: max(1, len(study.trajectory) // 8)].round(3).to_string())
    print(f"chosen: row {study.chosen}")

    study.plot_tradeoff().figure.savefig("lake_tradeoff.png", dpi=120, bbox_inches="tight")
    study.plot_boxes().figure.savefig("lake_boxes.png", dpi=120, bbox_inches="tight")
    study.report("lake.html", title="The shallow lake", question="In which futures does the policy lose the lake?")
    print("the whole study: lake.html")

    inside = lake.space.restrict(study.box)
    closer = collect(lake, inside, Sobol(256, seed=1))
    print(f"256 new futures inside the box: {(closer['reliability'] < 0.9).mean():.0%} lose the lake")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1000, help="number of futures")
    main(parser.parse_args().n)
