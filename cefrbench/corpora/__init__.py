"""Corpora: reading sources, cleaning, describing and auditing."""
