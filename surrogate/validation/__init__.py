"""Is it true: metrics, cross-validation, intervals and the scorecard."""
