"""Policy by policy: where each one fails, how they compare, and how robust they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Box
from surrogate.workflows.question import part_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.workflows.study import Study


class StudyByPolicy:
    """A study in which several policies met the same futures, policy by policy. Made by ``Study.by_policy``.

    Parameters
    ----------
    study : Study
    column : str, default "policy"
        The input that names the policy.

    Attributes
    ----------
    policies : list
        In the order in which they come first.
    space : Space
        What may vary beside the policy.

    Raises
    ------
    ValueError
        If the study has no such input.
    """

    def __init__(self, study: Study, column: str = "policy") -> None:
        if column not in study.X:
            raise ValueError(
                f"column: {column!r} is no input of the study, {list(study.X)}. Collect runs with policies={{...}}, or "
                "name the input that says what was decided."
            )
        self._study, self._column = study, column
        self._futures = study.X.drop(columns=column)
        self._policy = study.X[column].to_numpy(dtype=object)
        self.policies = list(dict.fromkeys(self._policy.tolist()))
        self.space = part_of(study.space, [name for name in study.space if name != column])

    @cached_property
    def studies(self) -> dict[Any, Study]:
        """The study of each policy, with the same search; none for a policy that always or never fails."""
        from sklearn.base import clone

        from surrogate.workflows.box_search import answer

        study, question = self._study, self._study._question
        finder = study._finder
        if study._is_reds:
            finder = clone(finder).set_params(space=self.space)
        studies = {}
        for name in self.policies:
            rows = self._policy == name
            if len(np.unique(study.y[rows])) < 2:
                continue
            lost = study.lost
            own = replace(
                question,
                runs=None,
                X=self._futures[rows].reset_index(drop=True),
                y=study.y[rows],
                outputs={key: values[rows] for key, values in question.outputs.items()},
                lost=lost[(lost[self._column] == name).to_numpy()] if len(lost) else lost,
            )
            studies[name] = answer(own, self.space, finder, study._how)
        return studies

    @property
    def boxes(self) -> dict[Any, Box]:
        """The chosen box of each policy; without limits where evidence supports none."""
        nowhere = Box({}, names=[str(name) for name in self._futures])
        return {name: self.studies[name].box if name in self.studies else nowhere for name in self.policies}

    def compare(self) -> pd.DataFrame:
        """Say how each policy fares in the box of each other one.

        Returns
        -------
        DataFrame
            A row a pair (`box_of`, `policy`): `failure_rate`, `density`, `coverage`, `overlap`; see
            `surrogate.models.boxes.compare_policies`.
        """
        from surrogate.models.boxes import compare_policies

        return compare_policies(self.boxes, self._futures, self._study.y, self._policy, self.space)

    def robustness(
        self,
        outputs: Sequence[str] | None = None,
        *,
        minimize: Any = False,
        quantile: float = 0.9,
        reference: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return the published robustness metrics of each policy; a future is satisfactory if it is no case.

        Only futures count in which every policy has a successful run.

        Parameters
        ----------
        outputs : sequence of str, optional
            What regret is counted in; by default the outputs that the condition names.
        minimize : bool or sequence of bool, default False
            Whether small outputs are good.
        quantile : float, default 0.9
        reference : mapping of str to value, optional
            The reference future, with a value for every input: the nearest one that was run is taken; by default the
            one nearest to the middle of the space.

        Returns
        -------
        DataFrame
            See `surrogate.models.boxes.robustness`; ``attrs["reference"]`` is the reference future, as a dict, and
            ``attrs["futures"]`` how many count.
        """
        import pandas as pd

        from surrogate.models.boxes import robustness

        places = self._common_futures()
        values = self._outputs(outputs)
        futures = self._futures.iloc[places[self.policies[0]]]
        unit = self.space.to_unit(futures[list(self.space.names)])
        middle = np.full(unit.shape[1], 0.5) if reference is None else self.space.to_unit(pd.DataFrame([reference]))[0]
        nearest = int(((unit - middle) ** 2).sum(axis=1).argmin())
        table = robustness(
            {name: values[rows] for name, rows in places.items()},
            {name: self._study.y[rows] < 0.5 for name, rows in places.items()},
            unit,
            reference=nearest,
            minimize=minimize,
            quantile=quantile,
        )
        table.attrs = {"reference": futures.iloc[nearest].to_dict(), "futures": len(futures)}
        return table

    def _common_futures(self) -> dict[Any, NDArray[np.intp]]:
        """Return for each policy the rows of the futures that all policies met, in the same order."""
        import pandas as pd

        table = pd.DataFrame({"policy": self._policy, "row": np.arange(len(self._policy))})
        # Replicates of a future are told apart by their order.
        table["future"] = self._futures.groupby(list(self._futures), sort=False, dropna=False).ngroup().to_numpy()
        table["replicate"] = table.groupby(["policy", "future"]).cumcount()
        wide = table.pivot(index=["future", "replicate"], columns="policy", values="row").dropna().astype(np.intp)
        if not len(wide):
            raise ValueError("runs: no future was met by every policy; robustness compares them in the same futures.")
        return {name: wide[name].to_numpy() for name in self.policies}

    def _outputs(self, names: Sequence[str] | None) -> NDArray[np.float64]:
        study, known = self._study, dict(self._study._question.outputs)
        if study.runs is not None and study._question.rows is not None and names is not None:
            planned = np.flatnonzero((study.runs.status == "ok").to_numpy())
            rows = np.searchsorted(planned, study._question.rows)
            known = {name: study.runs[name].to_numpy()[rows] for name in study.runs.output_names}
        wanted = list(known) if names is None else list(names)
        missing = [name for name in wanted if name not in known]
        if missing or not wanted:
            raise ValueError(
                f"outputs: {missing[0]!r} is not known, only {list(known)}."
                if missing
                else "outputs: the case names no output in which regret could be counted. Name some, or give the case "
                "as a condition such as 'reliability < 0.9'."
            )
        return np.column_stack([known[name] for name in wanted])
