"""Features: computed once for each encoder and corpus, stored in shards, read layer by layer."""
