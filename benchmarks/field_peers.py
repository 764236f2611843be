"""What others do with fields: modes of the runs and an emulator a coefficient, or an emulator a location."""

from __future__ import annotations

import numpy as np


def on_modes(fit):
    """Principal components to 99.999 % of the variance, and the peer `fit` for each coefficient."""

    def fitted(X, Y, seed):
        from sklearn.decomposition import PCA

        modes = PCA(0.99999, svd_solver="full").fit(Y)
        ask = []
        for coefficient in modes.transform(Y).T:
            one = fit(X, np.ascontiguousarray(coefficient), seed)
            ask.append(one[0] if isinstance(one, tuple) else one)
        return lambda Z: modes.inverse_transform(np.stack([np.ravel(predict(Z)) for predict in ask], axis=1))

    return fitted


def openturns_field_chaos(X, Y, seed):
    """Karhunen-Loeve by SVD (threshold 1e-8 of the variance) and sparse chaos of the coefficients, LARS."""
    import openturns as ot

    ot.Log.Show(ot.Log.NONE)
    d, size = X.shape[1], Y.shape[1]
    mesh = ot.IntervalMesher([size - 1]).build(ot.Interval(0.0, 1.0))
    process = ot.ProcessSample(mesh, [[[v] for v in row] for row in Y])
    modes = ot.KarhunenLoeveSVDAlgorithm(process, 1e-8)
    modes.run()
    result = modes.getResult()
    inputs = ot.JointDistribution([ot.Uniform(0.0, 1.0)] * d)
    basis = ot.OrthogonalProductPolynomialFactory([ot.Uniform(0.0, 1.0)] * d)
    strategy = ot.FixedStrategy(basis, basis.getEnumerateFunction().getStrataCumulatedCardinal(6 if d <= 4 else 5))
    selection = ot.LeastSquaresStrategy(ot.LeastSquaresMetaModelSelectionFactory(ot.LARS(), ot.CorrectedLeaveOneOut()))
    algorithm = ot.FunctionalChaosAlgorithm(ot.Sample(X), result.project(process), inputs, strategy, selection)
    algorithm.run()
    answers = algorithm.getResult().getMetaModel()

    def predict(Z):
        return np.array([np.asarray(result.liftAsField(c).getValues()).ravel() for c in answers(ot.Sample(Z))])

    return predict
