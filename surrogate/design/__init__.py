"""Where to look: designs of experiments."""
