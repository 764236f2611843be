"""Emulators: scikit-learn estimators that learn a simulator, and the choice between them."""
