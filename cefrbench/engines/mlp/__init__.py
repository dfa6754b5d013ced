"""The MLP probes: many small networks trained in stacks, each as if alone."""
