"""Around a box: which inputs matter, robustness of policies, factor maps and the worst case."""
