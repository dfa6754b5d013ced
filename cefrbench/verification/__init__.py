"""Verification: a result's features, fits and figures made again, and held to what it says."""
