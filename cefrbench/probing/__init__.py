"""Probing: the sweep of probes over layers and folds."""
