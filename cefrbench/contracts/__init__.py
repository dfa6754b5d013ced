"""What a plugin author reads: cards, corpus, encoder, probe, protocol and the hooks."""
