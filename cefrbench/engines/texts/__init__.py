"""Probes that read texts: what they know of words is fitted on each fold's training texts."""
