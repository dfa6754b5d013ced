"""What computes: a model's hidden states in one pass, and the batched fits behind the probes."""
