"""REDS: boxes found on many new points that an emulator of the case labels."""
