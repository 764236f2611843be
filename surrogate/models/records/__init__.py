"""Fitted records: the numpy-only halves of Model B, which predict and are stored."""
