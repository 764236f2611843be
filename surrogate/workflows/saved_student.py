"""A student outside the library that fitted it: saved, loaded and exported by its numpy-only record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from surrogate.models.records.classifier import ClassifierRecord
from surrogate.models.records.record import Record

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

_KIND = "student"


class SavedStudent:
    """A fitted student that needs numpy alone.

    Parameters
    ----------
    record : Record
        What predicts, from the inputs as they are.
    low, high : dict of str to float
        Name and range of each input in the rows that the student learnt from, in their order.
    classes : list of str, int, float or bool, optional
        What a classifier answers; None for numbers.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X = np.array([[0.1], [0.4], [0.6], [0.9]])
    >>> tree = DecisionTreeClassifier().fit(X, ["no", "no", "yes", "yes"])
    >>> student = SavedStudent.of(tree, X)
    >>> student.predict([[0.2], [0.7]])
    array(['no', 'yes'], dtype='<U3')
    """

    def __init__(
        self, record: Record, low: dict[str, float], high: dict[str, float], classes: list[Any] | None = None
    ) -> None:
        self.record = record
        self.names = tuple(low)
        self.low, self.high = dict(low), dict(high)
        self.classes = classes

    @classmethod
    def of(cls, model: Any, X: Any) -> Self:
        """Take what predicts out of a fitted model.

        Parameters
        ----------
        model : fitted estimator
            A student of `surrogate.models.students`, an emulator, an `AlternatingTreeClassifier`, or a decision tree,
            forest or extra trees of scikit-learn with one output.
        X : DataFrame or array_like of shape (n, p)
            The rows that it learnt from; inputs are numbers.

        Returns
        -------
        SavedStudent

        Raises
        ------
        ValueError
            If the model has no record, or an input is no number.
        """
        from surrogate.models.students import record_of

        record = record_of(model)
        if record is None:
            raise ValueError(
                f"model: this {type(model).__name__} has no form outside its library. Students that have: MLPStudent, "
                "BoostedTreesStudent, the emulators of surrogate.models.emulators, AlternatingTreeClassifier of "
                "numbers, and decision trees, forests and extra trees of scikit-learn with one output."
            )
        names = [str(name) for name in getattr(X, "columns", [f"x{i + 1}" for i in range(np.shape(X)[1])])]
        try:
            table = np.asarray(X, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"X: inputs that are numbers are needed to leave the library; {error}.") from error
        low, high = (
            dict(zip(names, edge.tolist(), strict=True))
            for edge in (np.nanmin(table, axis=0), np.nanmax(table, axis=0))
        )
        classes = None
        if isinstance(record, ClassifierRecord):
            classes = np.asarray(getattr(model, "classes_", record.classes)).tolist()
        return cls(record, low, high, classes)

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer rows.

        Parameters
        ----------
        X : DataFrame or array_like of shape (n, p)
            DataFrames are matched by name, arrays by position.

        Returns
        -------
        ndarray of shape (n,)
            Classes or numbers.
        """
        answers = self.record.predict(self._table(X))
        return answers if self.classes is None else np.asarray(self.classes)[answers.astype(np.intp)]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the chance of every class, shape (n, c).

        Raises
        ------
        AttributeError
            For a student that answers numbers.
        """
        if not isinstance(self.record, ClassifierRecord):
            raise AttributeError("predict_proba: this student answers numbers, not classes.")
        return self.record.probabilities(self._table(X))

    def _table(self, X: Any) -> NDArray[np.float64]:
        if hasattr(X, "columns"):
            named = {str(name): name for name in X.columns}
            missing = [name for name in self.names if name not in named]
            if missing:
                raise ValueError(f"X: columns {missing[:5]} are missing. Needed are {list(self.names)[:20]}.")
            X = X[[named[name] for name in self.names]]
        return np.asarray(X, dtype=np.float64)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file, of JSON and ``.npy`` arrays; it holds no code.

        Parameters
        ----------
        path : path
            By custom ``*.surrogate``.
        """
        from surrogate.export import write_model

        state, arrays = self.record.to_state()
        write_model(path, {"kind": _KIND, "record": state, "low": self.low, "high": self.high, "classes": self.classes},
                    arrays)  # fmt: skip

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote; it predicts the very same bits.

        Raises
        ------
        surrogate.export.ModelFileError
            If the file is damaged, foreign, unsafe or newer than this program; a ``ValueError``.
        """
        from surrogate.export import ModelFileError, read_model

        manifest, arrays = read_model(path)
        if manifest.get("kind") != _KIND:
            raise ModelFileError(f"{path}: holds a {manifest.get('kind')!r}, not a student. Use its own class.")
        try:
            record = Record.from_state(manifest["record"], arrays)
            low, high = ({str(k): float(v) for k, v in manifest[edge].items()} for edge in ("low", "high"))
            if len(low) != record.n_features or set(low) != set(high):
                raise ValueError("inputs of student and file differ")
            return cls(record, low, high, manifest["classes"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ModelFileError(f"{path}: the description of the student is incomplete ({error!r}).") from error

    def export(self, path: str | os.PathLike[str], *, fmi: int = 2) -> None:
        """Write the student in the language that the suffix names, checked as `Surrogate.export` does.

        A classifier answers the chance of every class, in the order of `classes`.

        Parameters
        ----------
        path : path
            ``*.py``, ``*.c``, ``*.js``, ``*.onnx``, ``*.fmu``, or ``*.sql`` (trees that answer shares).
        fmi : {2, 3}, default 2
            Version of the standard of an FMU.

        Raises
        ------
        ValueError
            If there is no export for the suffix or for the kind of model.
        surrogate.export.ExportError
            If the file would not give this student's numbers; nothing is written then.
        """
        from surrogate.export import export_model
        from surrogate.space import Real, Space

        # An input that never varied still needs room for the rows of the check.
        inputs = {name: Real(low, self.high[name] if self.high[name] > low else low + 1.0)
                  for name, low in self.low.items()}  # fmt: skip
        export_model(path, Space(inputs), {"y": self.record}, fmi=fmi, raw=True)

    def __repr__(self) -> str:
        what = "numbers" if self.classes is None else f"classes {self.classes}"
        return f"SavedStudent({self.record.kind}: {len(self.names)} inputs to {what})"
