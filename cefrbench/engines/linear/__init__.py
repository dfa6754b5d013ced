"""The linear probes: exact minima, solved over many folds of one layer at once."""
