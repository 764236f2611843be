"""Published test functions."""
